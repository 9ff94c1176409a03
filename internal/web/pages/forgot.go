package pages

import (
	"net/http"

	"github.com/cardea-accounts/cardea/internal/challenge"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

var forgotPage = newPage("forgot.html")

// Forgot asks for the address to which a reset link goes or, after that, says what to do.
func (p *Pages) Forgot(r *wire.Request) error {
	v := p.view(r)
	if r.Query().Has("sent") && r.HasOutcome("forgot") {
		v.Stage = "sent"
		v.More = v.language.Duration(challenge.Reset.Lifetime())
	}
	return p.show(r, http.StatusOK, forgotPage, v)
}

// SubmitForgot sends the reset link.
func (p *Pages) SubmitForgot(r *wire.Request) error {
	form, err := r.Form()
	if err != nil {
		return err
	}
	if err := p.owners.Accounts.Forgot(r.Context(), form["email"], r.Client()); err != nil {
		return p.again(r, forgotPage, form, err, nil)
	}
	r.LeaveNote(form["email"])
	r.SeeOutcome("forgot", r.WithNext("forgot?sent"))
	return nil
}
