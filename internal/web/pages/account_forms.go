package pages

import (
	"errors"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/web/upload"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

// SubmitProfile changes name and language.
func (p *Pages) SubmitProfile(r *wire.Request) error {
	form, err := r.Form()
	if err != nil {
		return err
	}
	profile := account.Profile{Name: new(form["name"])}
	if language := form["language"]; language != "" {
		profile.Language = &language
	}
	if _, err := p.owners.Accounts.Change(r.Context(), r.Session.User, profile, r.Client()); err != nil {
		return err
	}
	p.done(r, "profile", "profile")
	return nil
}

// SubmitPicture sets the picture or, if the form has the field remove, removes it.
func (p *Pages) SubmitPicture(r *wire.Request) error {
	if form, err := r.Form(); err == nil && form["remove"] != "" {
		if err := p.owners.Pictures.Remove(r.Context(), r.Session.User.ID, r.Client()); err != nil {
			return err
		}
		p.done(r, "profile", "removed")
		return nil
	}
	if _, err := upload.SetPicture(r, p.owners.Pictures, p.uploadMaxBytes); err != nil {
		return err
	}
	p.done(r, "profile", "picture")
	return nil
}

// ConfirmEmail asks for the password before a change of the address.
func (p *Pages) ConfirmEmail(r *wire.Request) error {
	if form, err := r.Form(); err != nil || form["send"] != "" || form["cancel"] != "" {
		return err
	}
	return p.RequireRecent(r)
}

// SubmitEmail begins a change of the address. With the field send it verifies the present one,
// with the field cancel it ends a change that waits.
func (p *Pages) SubmitEmail(r *wire.Request) error {
	form, err := r.Form()
	if err != nil {
		return err
	}
	switch {
	case form["send"] != "":
		return p.sendLink(r)
	case form["cancel"] != "":
		if err := p.owners.Accounts.CancelEmail(r.Context(), r.Session.User, r.Client()); err != nil {
			return err
		}
		p.done(r, "email", "cancelled")
		return nil
	}
	if err := p.owners.Accounts.ChangeEmail(r.Context(), r.Session.User, form["email"], r.Client()); err != nil {
		return err
	}
	r.LeaveNote(form["email"])
	p.done(r, "email", "email")
	return nil
}

// sendLink sends the link that verifies the present address.
func (p *Pages) sendLink(r *wire.Request) error {
	r.NameBrowser()
	err := p.owners.Accounts.SendVerification(r.Context(), r.Session.User, r.Client())
	if errors.Is(err, account.ErrAlreadyVerified) {
		r.SeeOther("../account#email") // which says so
		return nil
	}
	if err != nil {
		return err
	}
	r.SetBrowser()
	p.done(r, "email", "verification")
	return nil
}

// SubmitPassword changes the password.
func (p *Pages) SubmitPassword(r *wire.Request) error {
	form, err := r.Form()
	if err != nil {
		return err
	}
	signIn, err := p.owners.Accounts.ChangePassword(r.Context(), r.Session,
		account.Password(form["current_password"]), account.Password(form["new_password"]), r.Client())
	if err != nil {
		return err
	}
	r.SetSignIn(signIn)
	p.done(r, "password", "password")
	return nil
}

// ConfirmOthers asks for the password before all other sessions end.
func (p *Pages) ConfirmOthers(r *wire.Request) error {
	if form, err := r.Form(); err != nil || form["others"] == "" {
		return err
	}
	return p.RequireRecent(r)
}

// SubmitSessions ends one session or, if the form has the field others, all but this one.
func (p *Pages) SubmitSessions(r *wire.Request) error {
	form, err := r.Form()
	if err != nil {
		return err
	}
	if form["others"] != "" {
		if _, err := p.owners.Sessions.EndOthers(r.Context(), r.Session, r.Client()); err != nil {
			return err
		}
		p.done(r, "sessions", "sessions")
		return nil
	}
	err = p.owners.Sessions.End(r.Context(), r.Session.User.ID, form["id"], r.Client())
	if errors.Is(err, guard.ErrSessionNotFound) { // for instance, the form was sent twice
		p.done(r, "sessions", "gone")
		return nil
	}
	if err != nil {
		return err
	}
	if form["id"] == r.Session.ID {
		r.ClearSession()
		r.SeeOther("../logout")
		return nil
	}
	p.done(r, "sessions", "session")
	return nil
}

// SubmitDelete deletes the account.
func (p *Pages) SubmitDelete(r *wire.Request) error {
	if err := p.owners.Accounts.Delete(r.Context(), r.Session.User, r.Client()); err != nil {
		return err
	}
	r.DropNote()
	r.ClearSession()
	r.SeeOutcome("deleted", "../logout?deleted")
	return nil
}
