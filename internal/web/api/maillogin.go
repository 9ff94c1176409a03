package api

import (
	"net/http"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

// SendLogin sends a code to sign in with. The answer is the same whether there is such a
// user. Only the browser that asked can use the code.
func (a *API) SendLogin(r *wire.Request) error {
	var form emailForm
	if err := r.Decode(&form); err != nil {
		return err
	}
	r.NameBrowser()
	if err := a.owners.Accounts.SendLogin(r.Context(), form.Email, r.Client()); err != nil {
		return err
	}
	r.SetBrowser()
	accepted(r, "If an account exists for this address, we have sent a code to it. It works for ten minutes, in this browser.")
	return nil
}

// LoginByMail signs a user in with a code or a token from a message.
func (a *API) LoginByMail(r *wire.Request) error {
	var form proofForm
	if err := r.Decode(&form); err != nil {
		return err
	}
	signIn, err := a.owners.Accounts.LoginByMail(r.Context(), account.Proof(form), r.Client())
	if err != nil {
		return err
	}
	r.SetSignIn(signIn)
	r.JSON(http.StatusOK, wire.Success("Login successful!"))
	return nil
}
