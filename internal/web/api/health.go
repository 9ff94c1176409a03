package api

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

// Health says that the process is up.
func (a *API) Health(r *wire.Request) error {
	r.JSON(http.StatusOK, wire.Success(""))
	return nil
}

// Ready says whether database and storage work and, if not, what is wrong.
func (a *API) Ready(r *wire.Request) error {
	trouble := a.accounts.Ready(r.Context())
	if len(trouble) == 0 {
		r.JSON(http.StatusOK, wire.Success(""))
		return nil
	}
	parts := slices.Sorted(maps.Keys(trouble))
	fields := map[string]string{}
	var causes []error
	for _, part := range parts {
		fields[part] = trouble[part].What + "; the log says more"
		causes = append(causes, trouble[part].Err)
	}
	return &account.Error{
		Kind: account.KindUnavailable, Code: "not_ready", RetryAfter: 2 * time.Second,
		Message: "Not ready: " + strings.Join(parts, " and ") + " cannot be used at the moment.",
		Fields:  fields, Err: errors.Join(causes...),
	}
}
