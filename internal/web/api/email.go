package api

import (
	"net/http"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

// accepted is the answer to what goes on by mail.
func accepted(r *wire.Request, message string) { r.JSON(http.StatusAccepted, wire.Success(message)) }

type proofForm struct {
	Token string `json:"token"`
	Code  string `json:"code"`
}

type emailForm struct {
	Email string `json:"email"`
}

// SendVerification sends the message that verifies the user's address once more. Where nobody
// can sign in before that, strangers give the address instead.
func (a *API) SendVerification(r *wire.Request) error {
	var form emailForm
	hasBody := r.HTTP.ContentLength != 0
	if r.Session == nil && (!hasBody || !a.owners.Accounts.VerifiesFirst()) {
		return guard.ErrNotLoggedIn
	}
	if hasBody {
		if err := r.Decode(&form); err != nil {
			return err
		}
	}
	if r.Session == nil {
		return a.resendVerification(r, form.Email)
	}
	r.NameBrowser()
	if err := a.owners.Accounts.SendVerification(r.Context(), r.Session.User, r.Client()); err != nil {
		return err
	}
	r.SetBrowser()
	accepted(r, "We have sent a link to your e-mail address. Open it to finish.")
	return nil
}

func (a *API) resendVerification(r *wire.Request, email string) error {
	if err := a.owners.Accounts.ResendVerification(r.Context(), email, r.Client()); err != nil {
		return err
	}
	accepted(r, "If an account with this address waits to be confirmed, we have sent a link to it. It works for one day.")
	return nil
}

// VerifyEmail verifies an address by a token or a code. If sign-in waits for that, it signs in
// the browser that registered.
func (a *API) VerifyEmail(r *wire.Request) error {
	var form proofForm
	if err := r.Decode(&form); err != nil {
		return err
	}
	u, signIn, err := a.owners.Accounts.Verify(r.Context(), account.Proof(form), r.Session, r.Client())
	if err != nil {
		return err
	}
	if signIn.Session != "" {
		r.SetSignIn(signIn)
	}
	r.JSON(http.StatusOK, a.userAnswer(r, "The e-mail address is verified.", u))
	return nil
}

// ChangeEmail begins a change of the user's address.
func (a *API) ChangeEmail(r *wire.Request) error {
	var form emailForm
	if err := r.Decode(&form); err != nil {
		return err
	}
	if err := a.owners.Accounts.ChangeEmail(r.Context(), r.Session.User, form.Email, r.Client()); err != nil {
		return err
	}
	accepted(r, "We have sent a link to the new address. Nothing changes until you open it.")
	return nil
}

// CancelEmail ends a change of the address that is not confirmed yet.
func (a *API) CancelEmail(r *wire.Request) error {
	if err := a.owners.Accounts.CancelEmail(r.Context(), r.Session.User, r.Client()); err != nil {
		return err
	}
	r.JSON(http.StatusOK, wire.Success("No change of the e-mail address waits to be confirmed."))
	return nil
}

// ConfirmEmail changes an address to the one that a token or a code proves.
func (a *API) ConfirmEmail(r *wire.Request) error {
	var form proofForm
	if err := r.Decode(&form); err != nil {
		return err
	}
	u, err := a.owners.Accounts.ConfirmEmail(r.Context(), account.Proof(form), r.Session, r.Client())
	if err != nil {
		return err
	}
	r.JSON(http.StatusOK, a.userAnswer(r, "The e-mail address was changed.", u))
	return nil
}
