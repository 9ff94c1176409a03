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

// suspend does what operators do.
func suspend(t *testing.T, h *house.House, userID string) {
	t.Helper()
	err := h.DB.Tx(t.Context(), func(tx *store.Tx) error {
		_, err := tx.DeleteSessionsOfUser(t.Context(), userID, "", h.Clock.Now())
		return errors.Join(err, tx.SetSuspended(t.Context(), userID, h.Clock.Now()))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Only the right password tells that an account is suspended. It does not count as an
// attempt, and signs in again afterwards.
func TestSuspendedLogin(t *testing.T) {
	h := house.New(t, house.Options{Throttled: true, Rules: guard.Rules{Account: guard.Limit{Count: 2, Window: time.Hour}}})
	ada, _ := h.Register(t, "ada@example.com")
	suspend(t, h, ada.ID)
	login := func(password account.Password) error {
		_, err := h.Accounts.Login(t.Context(), ada.Email, password, guard.Client{})
		return err
	}
	if err := login("wrongpass"); !errors.Is(err, account.ErrInvalidCredentials) {
		t.Errorf("the wrong password: %v", err)
	}
	for range 5 {
		if err := login(house.Password); !errors.Is(err, account.ErrSuspended) {
			t.Errorf("the right password: %v", err)
		}
	}
	events := h.Events(t, ada.ID)
	slices.Sort(events) // they happened at the same time
	want := []guard.Event{
		guard.EventLoginFailed, guard.EventLoginSuspended, guard.EventLoginSuspended, guard.EventLoginSuspended,
		guard.EventLoginSuspended, guard.EventLoginSuspended, guard.EventRegistered,
	}
	if !slices.Equal(events, want) {
		t.Errorf("events %v", events)
	}
	if sessions := h.Rows(t, ada.ID); len(sessions) != 0 {
		t.Errorf("sessions %+v", sessions)
	}
	err := h.DB.Tx(t.Context(), func(tx *store.Tx) error { return tx.SetSuspended(t.Context(), ada.ID, time.Time{}) })
	if err = errors.Join(err, login(house.Password)); err != nil {
		t.Errorf("not suspended any more: %v", err)
	}
}

// A user who is suspended while the password is being verified is not signed in.
func TestSuspendedDuringLogin(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, _ := h.Register(t, "ada@example.com")
	hashing := h.Passwords.Hashing()
	release := house.Hold(t, hashing, hashing.Load().Slots, 1)
	done := make(chan error)
	go func() {
		_, err := h.Accounts.Login(t.Context(), ada.Email, house.Password, guard.Client{})
		done <- err
	}()
	house.AwaitWaiting(t, hashing, 1)
	suspend(t, h, ada.ID)
	release()
	if err := <-done; !errors.Is(err, account.ErrSuspended) || len(h.Rows(t, ada.ID)) != 0 {
		t.Errorf("%v; sessions %+v", err, h.Rows(t, ada.ID))
	}
}

// A password that changes while the old one is being verified does not sign in, nor does
// it tell that the account is suspended.
func TestPasswordChangedDuringLogin(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, _ := h.Register(t, "ada@example.com")
	next, err := h.Accounts.Add(t.Context(), account.Registration{Name: "Other", Email: "other@example.com", Password: "another password"})
	if err != nil {
		t.Fatal(err)
	}
	hashing := h.Passwords.Hashing()
	release := house.Hold(t, hashing, hashing.Load().Slots, 1)
	done := make(chan error)
	go func() {
		_, err := h.Accounts.Login(t.Context(), ada.Email, house.Password, guard.Client{})
		done <- err
	}()
	house.AwaitWaiting(t, hashing, 1)
	err = h.DB.Tx(t.Context(), func(tx *store.Tx) error {
		old, err := tx.UserByID(t.Context(), ada.ID)
		other, otherErr := tx.UserByID(t.Context(), next.ID)
		return errors.Join(err, otherErr, tx.ReplacePasswordHash(t.Context(), ada.ID, old.PasswordHash, other.PasswordHash),
			tx.SetSuspended(t.Context(), ada.ID, h.Clock.Now()))
	})
	if err != nil {
		t.Fatal(err)
	}
	release()
	if err := <-done; !errors.Is(err, account.ErrInvalidCredentials) {
		t.Errorf("error %v", err)
	}
}
