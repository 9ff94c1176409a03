// Package api holds the JSON actions, one file a resource. An action decodes the
// request, calls a use case of an owner of state, and responds. The route table in
// package web says who may call it; an action of signed-in users finds the user in
// the request.
package api

import (
	"time"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/operate"
	"github.com/cardea-accounts/cardea/internal/outbox"
	"github.com/cardea-accounts/cardea/internal/session"
)

// Owners are the owners of state, whose use cases the actions call. All are required.
type Owners struct {
	Accounts  *account.Service
	Sessions  *session.Service
	Pictures  *media.Pictures
	Avatars   *media.Avatars
	Readiness operate.Readiness
	Mailbox   outbox.Mailbox // for development
	Outbox    *outbox.Outbox
	Space     *guard.Space
}

// API holds the actions. Each is a [wire.Action].
type API struct {
	owners         Owners
	uploadMaxBytes int64
}

// New returns the actions. A picture may have at most uploadMaxBytes.
func New(owners Owners, uploadMaxBytes int64) *API { return &API{owners, uploadMaxBytes} }

func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }
