package web

import (
	"errors"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

// access is an action and who may call it.
type access struct {
	action  wire.Action
	asks    bool        // whether to find out who is signed in
	refusal error       // the answer if nobody is signed in; nil: the action runs anyway
	confirm wire.Action // refuses sessions that are not recent; nil: they may call
}

// public lets everybody call. The action does not learn who is signed in.
func public(action wire.Action) access { return access{action: action} }

// optional lets everybody call; the action finds the user in the request, if
// anybody is signed in.
func optional(action wire.Action) access { return access{action: action, asks: true} }

// signedIn lets only signed-in users call.
func signedIn(action wire.Action) access { return signedInOr(guard.ErrNotLoggedIn, action) }

// signedInOr is signedIn with another answer to requests without a session.
func signedInOr(refusal error, action wire.Action) access {
	return access{action: action, asks: true, refusal: refusal}
}

// recent lets only signed-in users call who gave their password in the last five minutes,
// or give it in the body of the request.
func recent(confirm, action wire.Action) access {
	to := signedIn(action)
	to.confirm = confirm
	return to
}

// admit finds out who calls, and returns an error if they may not.
func (a access) admit(r *wire.Request) error {
	if !a.asks {
		return nil
	}
	err := r.Authenticate()
	if errors.Is(err, guard.ErrNotLoggedIn) {
		return a.refusal // nil for optional
	}
	if err != nil || a.confirm == nil {
		return err // of an outage
	}
	return a.confirm(r)
}
