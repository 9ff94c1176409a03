package pages

import (
	"net/http"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/session"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

var registerPage = newPage("register.html")

// Register asks for what an account needs or, after that, says that mail was sent.
func (p *Pages) Register(r *wire.Request) error {
	v := p.view(r)
	switch {
	case r.Query().Has("sent") && r.HasOutcome("register"):
		v.Stage = "sent"
	case r.Session != nil:
		p.welcome(r)
		return nil
	case p.owners.Accounts.IsClosed():
		v.Stage = "closed"
	case p.owners.Accounts.VerifiesFirst(): // the same browser, also if the form is sent twice at once
		r.NameBrowser()
		r.SetBrowser()
	}
	return p.show(r, http.StatusOK, registerPage, v)
}

// CanRegister reports whether users can register themselves.
func (v *view) CanRegister() bool {
	return v.request == nil || !v.pages.owners.Accounts.IsClosed()
}

// SubmitRegister makes the account and signs in to it. Where addresses are verified first,
// it leads to the message that was sent.
func (p *Pages) SubmitRegister(r *wire.Request) error {
	form, err := r.Form()
	if err != nil {
		return err
	}
	if r.Session != nil && account.EmailKey(form["email"]) == account.EmailKey(r.Session.User.Email) {
		p.welcome(r) // the form was sent twice
		return nil
	}
	if p.owners.Accounts.VerifiesFirst() {
		r.NameBrowser()
	}
	u, signIn, err := p.owners.Accounts.Register(r.Context(), account.Registration{
		Name: form["name"], Email: form["email"], Password: account.Password(form["password"]),
	}, r.Client())
	if err != nil {
		return p.again(r, registerPage, form, err, func(v *view) {
			if p.owners.Accounts.IsClosed() {
				v.Stage = "closed"
			}
		})
	}
	if signIn.Session == "" {
		r.SetBrowser()
		r.LeaveNote(form["email"])
		r.SeeOutcome("register", r.WithNext("register?sent"))
		return nil
	}
	r.Session = &session.Session{User: u} // for the log
	r.SetSignIn(signIn)
	p.welcome(r)
	return nil
}
