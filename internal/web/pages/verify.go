package pages

import (
	"errors"
	"net/http"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/challenge"
	"github.com/cardea-accounts/cardea/internal/session"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

var verifyPage = newPage("verify.html")

// Verify confirms an e-mail address: that of an account, or the new one of a change.
func (p *Pages) Verify(r *wire.Request) error {
	v := p.view(r)
	switch query := r.Query(); {
	case query.Has("done") && r.HasOutcome("verify"):
		v.Stage = "done"
	case query.Has("sent") && r.HasOutcome("verify-sent"):
		v.Stage = "sent"
	}
	return p.show(r, http.StatusOK, verifyPage, v)
}

// SubmitVerify takes the token or the code, or sends another message: to a signed-in user or,
// where nobody can sign in before that, to the address of the form.
func (p *Pages) SubmitVerify(r *wire.Request) error {
	form, err := r.Form()
	if err != nil {
		return err
	}
	switch {
	case form["send"] != "" && r.Session != nil:
		return p.sendVerification(r, form)
	case form["send"] != "" && p.owners.Accounts.VerifiesFirst():
		return p.resendVerification(r, form)
	}
	r.RecallNext()
	signIn, err := p.confirm(r, account.Proof{Token: form["token"], Code: form["code"]})
	if err != nil {
		return p.again(r, verifyPage, form, err, func(v *view) {
			if codeOf(err) == challenge.ErrInvalid.Code {
				v.refuseProof()
				v.IsConfirmed = v.User != nil && v.User.EmailVerified
			}
		})
	}
	if signIn.Session != "" {
		r.SetSignIn(signIn)
	}
	r.SeeOutcome("verify", r.WithNext("verify?done"))
	return nil
}

// confirm verifies an address or, if the proof is not for that, changes it.
func (p *Pages) confirm(r *wire.Request, proof account.Proof) (session.SignIn, error) {
	_, signIn, err := p.owners.Accounts.Verify(r.Context(), proof, r.Session, r.Client())
	if errors.Is(err, challenge.ErrInvalid) {
		_, err = p.owners.Accounts.ConfirmEmail(r.Context(), proof, r.Session, r.Client())
	}
	return signIn, err
}

func (p *Pages) sendVerification(r *wire.Request, form wire.Form) error {
	r.NameBrowser()
	err := p.owners.Accounts.SendVerification(r.Context(), r.Session.User, r.Client())
	if err != nil {
		return p.again(r, verifyPage, form, err, nil)
	}
	r.SetBrowser()
	r.SeeOutcome("verify-sent", r.WithNext("verify?sent"))
	return nil
}

func (p *Pages) resendVerification(r *wire.Request, form wire.Form) error {
	if err := p.owners.Accounts.ResendVerification(r.Context(), form["email"], r.Client()); err != nil {
		return p.again(r, verifyPage, form, err, func(v *view) { v.Linked = true })
	}
	r.LeaveNote(form["email"])
	r.SeeOutcome("verify-sent", r.WithNext("verify?sent"))
	return nil
}

// CanResend reports whether strangers can ask for the link again, who give only the address.
func (v *view) CanResend() bool {
	return v.request == nil || v.User == nil && v.pages.owners.Accounts.VerifiesFirst()
}
