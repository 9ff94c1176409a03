// Package api holds the JSON actions, one file a resource. An action decodes the
// request, calls the use case of package account, and responds. The route table in
// package web says who may call it; an action of signed-in users finds the user in
// the request.
package api

import (
	"time"

	"github.com/cardea-accounts/cardea/internal/account"
)

// API holds the actions. Each is a [wire.Action].
type API struct {
	accounts       *account.Service
	uploadMaxBytes int64
}

// New returns the actions over the use cases, which take pictures of at most so
// many bytes.
func New(accounts *account.Service, uploadMaxBytes int64) *API {
	return &API{accounts: accounts, uploadMaxBytes: uploadMaxBytes}
}

func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }
