package api

import (
	"net/http"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

// Forgot sends a link with which a user can set a new password. The answer is the same
// whether there is such a user.
func (a *API) Forgot(r *wire.Request) error {
	var form emailForm
	if err := r.Decode(&form); err != nil {
		return err
	}
	if err := a.owners.Accounts.Forgot(r.Context(), form.Email, r.Client()); err != nil {
		return err
	}
	accepted(r, "If an account exists for this address, we have sent a link to it. It works for one hour.")
	return nil
}

type resetForm struct {
	Token string `json:"token"`
	Email string `json:"email"`
	Code  string `json:"code"`
	New   string `json:"new_password"`
}

// ResetPassword sets a new password by a token, or by a code and the address.
func (a *API) ResetPassword(r *wire.Request) error {
	var form resetForm
	if err := r.Decode(&form); err != nil {
		return err
	}
	err := a.owners.Accounts.ResetPassword(r.Context(), account.Reset{
		Token: form.Token, Email: form.Email, Code: form.Code, Password: account.Password(form.New),
	}, r.Client())
	if err != nil {
		return err
	}
	r.JSON(http.StatusOK, wire.Success("Your password was changed. Sign in with the new one."))
	return nil
}

type tokenForm struct {
	Token string `json:"token"`
}

// Undo takes back a change that was not the user's.
func (a *API) Undo(r *wire.Request) error {
	var form tokenForm
	if err := r.Decode(&form); err != nil {
		return err
	}
	if err := a.owners.Accounts.Undo(r.Context(), form.Token, r.Client()); err != nil {
		return err
	}
	r.JSON(http.StatusOK, wire.Success("The change was undone and every session has ended. We have sent you a link to set a new password."))
	return nil
}
