package account_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

// The use cases for operators: they are not throttled and ask for no password.

func login(t *testing.T, h *house.House, email string, password account.Password) error {
	t.Helper()
	_, err := h.Accounts.Login(t.Context(), email, password, guard.Client{})
	return err
}

func row(t *testing.T, h *house.House, userID string) store.User {
	t.Helper()
	row, err := h.DB.UserByID(t.Context(), userID)
	if err != nil {
		t.Fatal(err)
	}
	return row
}

// wantLatest fails unless this was the latest event of a user. The clock moves on.
func wantLatest(t *testing.T, h *house.House, userID string, want guard.Event) {
	t.Helper()
	if events := h.Events(t, userID); len(events) == 0 || events[0] != want {
		t.Errorf("events %v, want %s first", events, want)
	}
	h.Clock.Advance(time.Second)
}

// Added users can sign in, but are not signed in.
func TestAdd(t *testing.T) {
	h := house.New(t, house.Options{})
	added, err := h.Accounts.Add(t.Context(), account.Registration{Name: " Ada ", Email: " Ada@Example.com ", Password: house.Password})
	if err != nil || added.Name != "Ada" || added.Email != "Ada@Example.com" || added.EmailVerified {
		t.Fatalf("%+v, %v", added, err)
	}
	wantLatest(t, h, added.ID, guard.EventRegistered)
	if rows := h.Rows(t, added.ID); len(rows) != 0 {
		t.Errorf("sessions %+v", rows)
	}
	if err := login(t, h, "ada@example.com", house.Password); err != nil {
		t.Error(err)
	}
	if _, err := h.Accounts.Add(t.Context(), account.Registration{Name: "Eve", Email: "ADA@example.com", Password: house.Password}); !errors.Is(err, account.ErrEmailTaken) {
		t.Errorf("a taken address: %v", err)
	}
}

// A new address takes effect at once, in any spelling, and counts as not verified.
// Sessions continue.
func TestSetEmail(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, tok := h.Register(t, "ada@example.com")
	err := h.DB.Tx(t.Context(), func(tx *store.Tx) error {
		return tx.SetEmail(t.Context(), ada.ID, ada.Email, account.EmailKey(ada.Email), true)
	})
	if err != nil {
		t.Fatal(err)
	}
	h.Clock.Advance(time.Second)
	email, verified, err := h.Accounts.SetEmail(t.Context(), ada.ID, " Countess@Example.com ", guard.Client{})
	if got := row(t, h, ada.ID); err != nil || email != "Countess@Example.com" || verified || got.Email != email || got.EmailVerified {
		t.Errorf("%q, %v, %v; %+v", email, verified, err, got)
	}
	wantLatest(t, h, ada.ID, guard.EventEmailChanged)
	if err := login(t, h, "countess@example.COM", house.Password); err != nil {
		t.Errorf("the new address: %v", err)
	}
	if err := login(t, h, "ada@example.com", house.Password); !errors.Is(err, account.ErrInvalidCredentials) {
		t.Errorf("the old address: %v", err)
	}
	if !h.IsSignedIn(t, tok) {
		t.Error("the session ended")
	}
	err = h.DB.Tx(t.Context(), func(tx *store.Tx) error {
		return tx.SetEmail(t.Context(), ada.ID, email, account.EmailKey(email), true)
	})
	if err != nil {
		t.Fatal(err)
	}
	email, verified, err = h.Accounts.SetEmail(t.Context(), ada.ID, "COUNTESS@example.com", guard.Client{})
	if err != nil || email != "COUNTESS@example.com" || !verified || !row(t, h, ada.ID).EmailVerified {
		t.Errorf("another spelling of the same address: %q, %v, %v", email, verified, err)
	}
	h.Register(t, "ada@example.com") // the old address is free
}

// A new address that is refused changes nothing.
func TestSetEmailRefuses(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, _ := h.Register(t, "ada@example.com")
	h.Register(t, "bob@example.com")
	if _, _, err := h.Accounts.SetEmail(t.Context(), ada.ID, "BOB@example.com", guard.Client{}); !errors.Is(err, account.ErrEmailTaken) {
		t.Errorf("a taken address: %v", err)
	}
	_, _, err := h.Accounts.SetEmail(t.Context(), ada.ID, "ada", guard.Client{})
	if got := fields(t, err); got["email"] == "" || len(got) != 1 {
		t.Errorf("not an address: %v", got)
	}
	if _, _, err := h.Accounts.SetEmail(t.Context(), "nobody", "eve@example.com", guard.Client{}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("of an unknown user: %v", err)
	}
	if got := row(t, h, ada.ID); got.Email != "ada@example.com" {
		t.Errorf("%+v", got)
	}
	if events := h.Events(t, ada.ID); !slices.Equal(events, []guard.Event{guard.EventRegistered}) {
		t.Errorf("events %v", events)
	}
}

// Names are stored in their normal form. Sessions show them at once.
func TestSetName(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, tok := h.Register(t, "ada@example.com")
	h.Clock.Advance(time.Second)
	name, err := h.Accounts.SetName(t.Context(), ada.ID, " Zoe\u0308 ", guard.Client{})
	if err != nil || name != "Zoë" {
		t.Errorf("%q, %v", name, err)
	}
	wantLatest(t, h, ada.ID, guard.EventRenamed)
	if s, err := h.Sessions.Find(t.Context(), tok); err != nil || s.User.Name != "Zoë" {
		t.Errorf("%+v, %v", s.User, err)
	}
	_, err = h.Accounts.SetName(t.Context(), ada.ID, " \u200b ", guard.Client{})
	if got := fields(t, err); got["name"] == "" || len(got) != 1 {
		t.Errorf("no visible name: %v", got)
	}
	if _, err := h.Accounts.SetName(t.Context(), "nobody", "Eve", guard.Client{}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("of an unknown user: %v", err)
	}
	if _, err := h.Accounts.Rename(t.Context(), ada, "Countess", guard.Client{}); err != nil {
		t.Error(err)
	}
	ada.ID = "nobody"
	if _, err := h.Accounts.Rename(t.Context(), ada, "Eve", guard.Client{}); !errors.Is(err, guard.ErrNotLoggedIn) {
		t.Errorf("a user who was deleted meanwhile: %v", err)
	}
}

// A new password ends all sessions, and ends the wait after too many attempts.
func TestSetPassword(t *testing.T) {
	h := house.New(t, house.Options{Throttled: true, Rules: guard.Rules{Account: guard.Limit{Count: 2, Window: time.Hour}}})
	ada, tok := h.Register(t, "ada@example.com")
	s, err := h.Sessions.Find(t.Context(), tok)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := login(t, h, ada.Email, "wrongpass"); !errors.Is(err, account.ErrInvalidCredentials) {
			t.Fatal(err)
		}
		client := guard.Client{Session: tok}
		if _, err := h.Accounts.ChangePassword(t.Context(), s, "wrongpass", "another password", client); !errors.Is(err, account.ErrWrongPassword) {
			t.Fatal(err)
		}
	}
	if e, ok := errors.AsType[*guard.Error](login(t, h, ada.Email, house.Password)); !ok || e.Code != "too_many_attempts" {
		t.Fatalf("not throttled: %v", e)
	}
	h.Clock.Advance(time.Second)
	ended, err := h.Accounts.SetPassword(t.Context(), ada, "another password", guard.Client{})
	if err != nil || ended != 1 || h.IsSignedIn(t, tok) {
		t.Errorf("%d sessions ended, %v", ended, err)
	}
	wantLatest(t, h, ada.ID, guard.EventPasswordChanged)
	if err := login(t, h, ada.Email, house.Password); !errors.Is(err, account.ErrInvalidCredentials) {
		t.Errorf("the old password: %v", err)
	}
	signIn, err := h.Accounts.Login(t.Context(), ada.Email, "another password", guard.Client{})
	if err != nil {
		t.Fatalf("the new password: %v", err)
	}
	if s, err = h.Sessions.Find(t.Context(), signIn.Session); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Accounts.ChangePassword(t.Context(), s, "another password", house.Password, guard.Client{Session: signIn.Session}); err != nil {
		t.Errorf("the next change: %v", err)
	}
	ada.ID = "nobody"
	if _, err := h.Accounts.SetPassword(t.Context(), ada, "another password", guard.Client{}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("of an unknown user: %v", err)
	}
}
