package api

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

// Health says that the process is up.
func (a *API) Health(r *wire.Request) error {
	r.JSON(http.StatusOK, wire.Success(""))
	return nil
}

// nearlyFull is what a server says that is ready but refuses registrations and uploads.
const nearlyFull = "Ready, but a disk is nearly full: registrations and uploads are refused. The log says more."

// Ready says whether database and storage work and, if not, what is wrong.
func (a *API) Ready(r *wire.Request) error {
	failures := a.owners.Readiness.Failures(r.Context())
	if len(failures) == 0 {
		warning := ""
		if a.owners.Space.Admit() != nil {
			warning = nearlyFull
		}
		r.JSON(http.StatusOK, wire.Success(warning))
		return nil
	}
	parts := slices.Sorted(maps.Keys(failures))
	fields := map[string]string{}
	var causes []error
	for _, part := range parts {
		fields[part] = failures[part].What + "; the log says more"
		causes = append(causes, failures[part].Err)
	}
	return &guard.Error{
		Kind: guard.KindUnavailable, Code: "not_ready", RetryAfter: 2 * time.Second,
		Message: "Not ready: " + strings.Join(parts, " and ") + " cannot be used at the moment.",
		Fields:  fields, Err: errors.Join(causes...),
	}
}
