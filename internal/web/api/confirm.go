package api

import (
	"net/http"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

var errConfirm = &guard.Error{Kind: guard.KindForbidden, Code: "confirmation_required",
	Message: "Confirm your password first, or send it as current_password. Nothing was changed."}

type confirmForm struct {
	Current *string `json:"current_password"`
}

// Confirm makes the session recent for five minutes.
func (a *API) Confirm(r *wire.Request) error {
	var form confirmForm
	if err := r.Decode(&form); err != nil {
		return err
	}
	if err := a.confirm(r, form); err != nil {
		return err
	}
	r.JSON(http.StatusOK, wire.Success("Password confirmed"))
	return nil
}

// RequireRecent refuses a session that is not recent. If the body has the current password,
// that is judged instead, and makes the session recent.
func (a *API) RequireRecent(r *wire.Request) error {
	var form confirmForm
	if r.HTTP.ContentLength != 0 {
		if err := r.Decode(&form); err != nil {
			return err
		}
	}
	switch {
	case form.Current != nil:
		return a.confirm(r, form)
	case !a.owners.Sessions.IsRecent(r.Session):
		return errConfirm
	}
	return nil
}

func (a *API) confirm(r *wire.Request, form confirmForm) error {
	var current account.Password
	if form.Current != nil {
		current = account.Password(*form.Current)
	}
	return a.owners.Accounts.Confirm(r.Context(), r.Session, current, r.Client())
}
