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

// What a server says that is ready, but cannot do everything.
const (
	nearlyFull = "A disk is nearly full: registrations and uploads are refused."
	mailIsDown = "The mail server has taken nothing for five minutes; mail waits."
)

// Ready says whether database and storage work and, if not, what is wrong. If anything else does
// not work, it says so without failing.
func (a *API) Ready(r *wire.Request) error {
	failures := a.owners.Readiness.Failures()
	if len(failures) == 0 {
		r.JSON(http.StatusOK, wire.Success(a.warning()))
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

// warning says what does not work although the server is ready; empty: nothing.
func (a *API) warning() string {
	var list []string
	if a.owners.Space.Admit() != nil {
		list = append(list, nearlyFull)
	}
	if a.owners.Outbox.Trouble() != nil {
		list = append(list, mailIsDown)
	}
	if len(list) == 0 {
		return ""
	}
	return "Ready, but: " + strings.Join(list, " ") + " The log says more."
}
