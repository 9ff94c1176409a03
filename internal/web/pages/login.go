package pages

import (
	"net/http"
	"strings"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/challenge"
	"github.com/cardea-accounts/cardea/internal/session"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

var loginPage = newPage("login.html")

// Login asks for the password or, if sign-in by mail is on, for a code. With the token of a
// link it asks for a click.
// A signed-in user goes straight on.
func (p *Pages) Login(r *wire.Request) error {
	if r.Session != nil {
		r.SeeOther(p.withoutToken(r.After()))
		return nil
	}
	v := p.loginView(r)
	v.IsEnded = r.Query().Has("ended") && r.HasOutcome("ended")
	if v.ByMail() && r.Query().Has("code") {
		v.Stage = "code"
	}
	return p.show(r, http.StatusOK, loginPage, v)
}

// withoutToken keeps the token of a link out of an address: to one without a fragment,
// browsers take the fragment along (RFC 9110 section 10.2.2).
func (p *Pages) withoutToken(address string) string {
	if p.owners.Accounts.HasMailLogin() && !strings.Contains(address, "#") {
		return address + "#"
	}
	return address
}

func (p *Pages) loginView(r *wire.Request) *view {
	v := p.view(r)
	p.describeLogin(v)
	return v
}

// describeLogin adds what only this page shows.
func (p *Pages) describeLogin(v *view) {
	if p.owners.Accounts.HasMailLogin() {
		v.More = v.language.Duration(challenge.Login.Lifetime())
	}
}

// ByMail reports on the page of the sign-in whether it can be done by mail. [view.More] is
// then how long a code works.
func (v *view) ByMail() bool { return v.More != nil }

// SubmitLogin signs in by a password, a code or a link, or sends a code.
func (p *Pages) SubmitLogin(r *wire.Request) error {
	form, err := r.Form()
	if err != nil {
		return err
	}
	accounts, isProof := p.owners.Accounts, false
	var signIn session.SignIn
	switch _, hasCode := form["code"]; {
	case form["send"] != "":
		r.NameBrowser()
		if err = accounts.SendLogin(r.Context(), form["email"], r.Client()); err == nil {
			r.SetBrowser()
			r.LeaveNote(form["email"])
			r.SeeOther(r.WithNext("login?code"))
			return nil
		}
	case hasCode || form["token"] != "":
		isProof = true
		r.RecallNext()
		signIn, err = accounts.LoginByMail(r.Context(), account.Proof{Token: form["token"], Code: form["code"]}, r.Client())
	default:
		signIn, err = accounts.Login(r.Context(), form["email"], account.Password(form["password"]), r.Client())
	}
	if err != nil {
		return p.again(r, loginPage, form, err, func(v *view) { p.refuseLogin(v, codeOf(err), isProof) })
	}
	r.DropNote()
	r.SetSignIn(signIn)
	p.welcome(r)
	return nil
}

// refuseLogin says what was wrong with a sign-in.
func (p *Pages) refuseLogin(v *view, code string, isProof bool) {
	p.describeLogin(v)
	if isProof {
		v.Stage = "code"
	}
	switch code {
	case challenge.ErrInvalid.Code:
		v.refuseProof()
	case account.ErrUnverified.Code:
		v.IsUnverified = true
	case account.ErrInvalidCredentials.Code:
		v.Problem, _ = v.T("error.invalid_credentials")
	}
}
