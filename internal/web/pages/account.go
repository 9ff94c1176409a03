package pages

import (
	"net/http"
	"path"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/web/upload"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

var accountPage = newPage("account.html", "account_profile.html", "account_crop.html", "account_email.html", "account_sessions.html")

// accountMore is what only the account page shows.
type accountMore struct {
	Devices   []device // signed in; the user's own first
	Next      string   // cursor of the page of devices that follows; empty: none
	Languages []choice
	Pending   string // the address that is to take the place of the present one; empty: none
	IsRecent  bool   // whether dangerous acts need no password
	MaxSize   string // of a picture
}

// choice is one of several values.
type choice struct{ Value, Text string }

// Account shows everything about the user's account, a section for each matter.
func (p *Pages) Account(r *wire.Request) error {
	query := r.Query()
	v, err := p.accountView(r, query.Get("after"))
	if err != nil {
		return err
	}
	if done := query.Get("done"); r.HasOutcome("account-" + done) {
		v.Stage = done
	}
	return p.show(r, http.StatusOK, accountPage, v)
}

func (p *Pages) accountView(r *wire.Request, after string) (*view, error) {
	v := p.view(r)
	devices, next, err := p.devices(r, v, after)
	if err != nil {
		return nil, err
	}
	more := accountMore{Devices: devices, Next: next, IsRecent: p.owners.Sessions.IsRecent(r.Session), MaxSize: upload.Size(p.uploadMaxBytes)}
	if more.Pending, err = p.owners.Accounts.PendingEmail(r.Context(), r.Session.User); err != nil {
		return nil, err
	}
	for _, tag := range p.looks.Words.Languages() {
		name, err := p.looks.Words.Match(tag).Text("language", nil)
		if err != nil {
			return nil, err
		}
		more.Languages = append(more.Languages, choice{tag, name})
	}
	v.More = more
	return v, nil
}

// ToAccount leads to the account page from the address of one of its forms.
func (p *Pages) ToAccount(r *wire.Request) error {
	r.SeeOther("../account#" + path.Base(r.HTTP.URL.Path))
	return nil
}

// overBudget is the error of users and networks that have cost too much. They get a short
// page.
const overBudget = "over_budget"

// FailAccount shows the account page again after an error of one of its forms. The last
// part of the address names the section of the form.
func (p *Pages) FailAccount(r *wire.Request, err error) {
	if r.Session == nil || codeOf(err) == guard.ErrNotLoggedIn.Code || codeOf(err) == overBudget {
		p.Fail(r, err)
		return
	}
	v, failed := p.accountView(r, "")
	if failed != nil {
		p.Fail(r, err)
		return
	}
	r.FailAs(err, func(status int, e *guard.Error) {
		form, isOther := r.Form()
		if isOther != nil {
			form = wire.Form{} // a file, or nothing that can be read
		}
		v.Sent = path.Base(r.HTTP.URL.Path)
		v.refuse(form, e)
		if err := p.show(r, statusOfForm(status), accountPage, v); err != nil {
			panic(err) // of the template
		}
	})
}

// In is the view of one section. What was typed, and what is wrong with it, shows only in
// the section that was sent.
func (v *view) In(section string) *view {
	s := *v
	if v.Sent != section {
		s.Form = Form{Typed: wire.Form{}}
	}
	s.prefix = section + "-"
	return &s
}

// outcomes are the texts for what the forms of each section did.
var outcomes = map[string]map[string]string{
	"profile":  {"profile": "page.account.profile.done", "picture": "page.account.picture.done", "removed": "page.account.picture.removed"},
	"email":    {"email": "page.account.email.done", "verification": "page.account.email.sent", "cancelled": "page.account.email.cancelled"},
	"password": {"password": "page.account.password.done"},
	"sessions": {"session": "page.account.sessions.done", "gone": "page.account.sessions.gone", "sessions": "page.account.sessions.others.done"},
}

// Outcome says what a form of a section did; empty if nothing.
func (v *view) Outcome(section string) (string, error) {
	key := outcomes[section][v.Stage]
	if key == "" {
		return "", nil
	}
	address := v.Address
	if v.Stage == "verification" || v.Stage == "cancelled" {
		address = v.User.Email
	}
	return v.T(key, "address", address)
}

// done leads back to the section of a form, which says what the form did.
func (p *Pages) done(r *wire.Request, section, outcome string) {
	r.SeeOutcome("account-"+outcome, "../account?done="+outcome+"#"+section)
}

// RequirePassword asks for the password, however recently it was given.
func (p *Pages) RequirePassword(r *wire.Request) error {
	form, err := r.Form()
	if err != nil {
		return err
	}
	current := account.Password(form["current_password"])
	return p.owners.Accounts.RequireRecent(r.Context(), r.Session, &current, r.Client())
}

// RequireRecent asks for the password, unless it was given a moment ago.
func (p *Pages) RequireRecent(r *wire.Request) error {
	form, err := r.Form()
	if err != nil {
		return err
	}
	var current *account.Password
	if typed, isThere := form["current_password"]; isThere {
		current = new(account.Password(typed))
	}
	return p.owners.Accounts.RequireRecent(r.Context(), r.Session, current, r.Client())
}
