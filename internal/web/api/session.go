package api

import (
	"net/http"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/session"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

type loginForm struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

// Login signs a user in.
func (a *API) Login(r *wire.Request) error {
	var form loginForm
	if err := r.Decode(&form); err != nil {
		return err
	}
	signIn, err := a.owners.Accounts.Login(r.Context(), form.Email, account.Password(form.Password), r.Client())
	if err != nil {
		return err
	}
	r.SetSignIn(signIn)
	r.JSON(http.StatusOK, wire.Success("Login successful!"))
	return nil
}

// Logout ends the session of the request. It succeeds without one too.
func (a *API) Logout(r *wire.Request) error {
	if err := a.owners.Sessions.Logout(r.Context(), r.Client()); err != nil {
		return err
	}
	r.ClearSession()
	r.JSON(http.StatusOK, wire.Success("Logged out"))
	return nil
}

// sessionJSON is the session object of the contract.
type sessionJSON struct {
	ID         string `json:"id"`
	CreatedAt  string `json:"created_at"`
	LastSeenAt string `json:"last_seen_at"`
	ExpiresAt  string `json:"expires_at"`
	IP         string `json:"ip"`
	UserAgent  string `json:"user_agent"`
	Current    bool   `json:"current"`
}

func sessionOf(i session.Info) sessionJSON {
	return sessionJSON{
		ID: i.ID, CreatedAt: rfc3339(i.CreatedAt), LastSeenAt: rfc3339(i.LastSeenAt), ExpiresAt: rfc3339(i.ExpiresAt),
		IP: i.IP, UserAgent: i.UserAgent, Current: i.Current,
	}
}

// Sessions lists the user's sessions, a page at a time.
func (a *API) Sessions(r *wire.Request) error {
	page, next, err := a.owners.Sessions.Page(r.Context(), r.Session.User.ID, r.Session.ID, r.Query().Get("after"))
	if err != nil {
		return err
	}
	answer := struct {
		wire.Envelope
		Sessions []sessionJSON `json:"sessions"`
		Next     *string       `json:"next"`
	}{wire.Success(""), make([]sessionJSON, len(page)), nil}
	for i, info := range page {
		answer.Sessions[i] = sessionOf(info)
	}
	if next != "" {
		answer.Next = &next
	}
	r.JSON(http.StatusOK, answer)
	return nil
}

// EndSession ends one of the user's sessions.
func (a *API) EndSession(r *wire.Request) error {
	id := r.HTTP.PathValue("id")
	if err := a.owners.Sessions.End(r.Context(), r.Session.User.ID, id, r.Client()); err != nil {
		return err
	}
	if id == r.Session.ID {
		r.ClearSession()
	}
	r.JSON(http.StatusOK, wire.Success("Session ended"))
	return nil
}

// EndOtherSessions ends the user's sessions except this one.
func (a *API) EndOtherSessions(r *wire.Request) error {
	ended, err := a.owners.Sessions.EndOthers(r.Context(), r.Session, r.Client())
	if err != nil {
		return err
	}
	r.JSON(http.StatusOK, struct {
		wire.Envelope
		Ended int64 `json:"ended"`
	}{wire.Success("Your other sessions have ended"), ended})
	return nil
}
