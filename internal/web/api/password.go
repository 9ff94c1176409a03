package api

import (
	"net/http"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

type passwordForm struct {
	Current string `json:"current_password"`
	New     string `json:"new_password"`
}

// ChangePassword changes the user's password and ends all other sessions.
func (a *API) ChangePassword(r *wire.Request) error {
	var form passwordForm
	if err := r.Decode(&form); err != nil {
		return err
	}
	signIn, err := a.owners.Accounts.ChangePassword(r.Context(), r.Session,
		account.Password(form.Current), account.Password(form.New), r.Client())
	if err != nil {
		return err
	}
	r.SetSignIn(signIn)
	r.JSON(http.StatusOK, wire.Success("Password changed. Your other sessions have ended."))
	return nil
}
