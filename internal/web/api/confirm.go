package api

import (
	"net/http"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

type confirmForm struct {
	Current *string `json:"current_password"`
}

// Confirm makes the session recent for five minutes.
func (a *API) Confirm(r *wire.Request) error {
	var form confirmForm
	if err := r.Decode(&form); err != nil {
		return err
	}
	var current account.Password
	if form.Current != nil {
		current = account.Password(*form.Current)
	}
	if err := a.owners.Accounts.Confirm(r.Context(), r.Session, current, r.Client()); err != nil {
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
	return a.owners.Accounts.RequireRecent(r.Context(), r.Session, (*account.Password)(form.Current), r.Client())
}
