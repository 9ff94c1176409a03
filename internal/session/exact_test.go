package session_test

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/session"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
	"github.com/cardea-accounts/cardea/internal/token"
)

// The very next request sees every change. A change to one user does not make the cache
// forget the others.
func TestKeptSessionsAreExact(t *testing.T) {
	ctx := t.Context()
	from := func(tok token.Token) guard.Client {
		return guard.Client{IP: netip.MustParseAddr("192.0.2.1"), Session: tok}
	}
	for name, change := range map[string]struct {
		do   func(h *house.House, s *session.Session, tok token.Token) error
		ends bool
	}{
		"logout": {func(h *house.House, _ *session.Session, tok token.Token) error {
			return h.Sessions.Logout(ctx, from(tok))
		}, true},
		"end": {func(h *house.House, s *session.Session, _ token.Token) error {
			return h.Sessions.End(ctx, s.User.ID, s.ID, guard.Client{})
		}, true},
		"end others": {func(h *house.House, s *session.Session, _ token.Token) error {
			s.ID = "another"
			_, err := h.Sessions.EndOthers(ctx, s, guard.Client{})
			return err
		}, true},
		"end all": {func(h *house.House, s *session.Session, _ token.Token) error {
			_, err := h.Sessions.EndAll(ctx, s.User.ID, "", guard.Client{})
			return err
		}, true},
		"login": {func(h *house.House, s *session.Session, tok token.Token) error {
			_, err := h.Accounts.Login(ctx, s.User.Email, house.Password, from(tok))
			return err
		}, true},
		"password": {func(h *house.House, s *session.Session, tok token.Token) error {
			_, err := h.Accounts.ChangePassword(ctx, s, house.Password, "simplepass2", from(tok))
			return err
		}, true},
		"password by an operator": {func(h *house.House, s *session.Session, _ token.Token) error {
			_, err := h.Accounts.SetPassword(ctx, s.User, "simplepass2", guard.Client{})
			return err
		}, true},
		"rename": {func(h *house.House, s *session.Session, _ token.Token) error {
			_, err := h.Accounts.Rename(ctx, s.User, "Countess", guard.Client{})
			return err
		}, false},
		"e-mail address": {func(h *house.House, s *session.Session, _ token.Token) error {
			_, _, err := h.Accounts.SetEmail(ctx, s.User.ID, "countess@example.com", guard.Client{})
			return err
		}, false},
		"picture": {func(h *house.House, s *session.Session, _ token.Token) error {
			_, err := h.Pictures.Set(ctx, s.User.ID, house.Upload(t, "a.png", 8), guard.Client{})
			return err
		}, false},
		"deletion": {func(h *house.House, s *session.Session, _ token.Token) error {
			return h.DB.Tx(ctx, func(tx *store.Tx) error { return tx.DeleteUser(ctx, s.User.ID) })
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			h := house.New(t, house.Options{})
			_, tok := h.Register(t, "ada@example.com")
			_, eve := h.Register(t, "eve@example.com")
			_, bob := h.Register(t, "bob@example.com")
			for _, each := range []token.Token{tok, eve, bob} {
				keep(t, h, each)
			}
			before, err := h.Sessions.Find(ctx, tok)
			if err != nil {
				t.Fatal(err)
			}
			if err := change.do(h, before, tok); err != nil {
				t.Fatal(err)
			}
			after, err := h.Sessions.Find(ctx, tok)
			switch {
			case change.ends && !errors.Is(err, guard.ErrNotLoggedIn):
				t.Errorf("the session continues: %v", err)
			case !change.ends && (err != nil || after.User == before.User || after.Memo == before.Memo):
				t.Errorf("the user is still %+v (%v)", after.User, err)
			}
			_, eveKept := find(t, h, eve)
			_, bobKept := find(t, h, bob)
			if !eveKept && !bobKept { // one of them may share a counter with Ada
				t.Error("the others are forgotten, too")
			}
		})
	}
}
