package account_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/password"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

func from(format string, args ...any) guard.Client {
	return guard.Client{IP: netip.MustParseAddr(fmt.Sprintf(format, args...))}
}

// raw opens the database of a house beside it. Its one connection sees every commit.
func raw(t *testing.T, h *house.House) *sql.DB {
	t.Helper()
	db := house.Raw(t, h.Folder)
	db.SetMaxOpenConns(1)
	return db
}

func number(t *testing.T, db *sql.DB, query string) (n int64) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// A stranger who guesses whenever the throttle lets him keeps no user out, neither from
// signing in from another network nor from changing the password. His attempts leave a
// bounded number of rows.
func TestNobodyIsLockedOut(t *testing.T) {
	const hours = 2
	for _, c := range []struct {
		name    string
		network func(i int) guard.Client
		most    int64 // rows of failed attempts
	}{
		{"from one address", func(int) guard.Client { return from("192.0.2.66") }, 1000},
		{"from one /48", func(i int) guard.Client { return from("2001:db8:66:%x::1", i%0xffff) }, 5000},
		{"from many addresses", func(i int) guard.Client { return from("198.51.100.%d", i%250) }, 20000},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := house.New(t, house.Options{Throttled: true, Idle: 24 * time.Hour})
			ada, _ := h.Register(t, "ada@example.com")
			db := raw(t, h)
			guesses, served := 0, 0
			for minute := range hours * 60 {
				h.Clock.Advance(time.Minute)
				for refused := 0; refused < 10; guesses++ {
					_, err := h.Accounts.Login(t.Context(), ada.Email, "wrongpass", c.network(guesses))
					if !errors.Is(err, account.ErrInvalidCredentials) {
						refused++
					}
				}
				if minute%7 != 0 {
					continue
				}
				served++
				signIn, err := h.Accounts.Login(t.Context(), ada.Email, house.Password, from("203.0.113.%d", minute%200))
				if err != nil {
					t.Fatalf("after %d minutes and %d guesses, the user was refused: %v", minute, guesses, err)
				}
				if minute%70 == 0 {
					s, err := h.Sessions.Find(t.Context(), signIn.Session)
					if err != nil {
						t.Fatal(err)
					}
					client := from("203.0.113.1")
					client.Session = signIn.Session
					if _, err := h.Accounts.ChangePassword(t.Context(), s, house.Password, house.Password, client); err != nil {
						t.Fatalf("after %d minutes, the password could not be changed: %v", minute, err)
					}
				}
			}
			if err := h.Limits.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if rows := number(t, db, `SELECT count(*) FROM attempts`); rows > c.most {
				t.Errorf("%d rows", rows)
			} else {
				t.Logf("%d guesses, %d sign-ins, %d rows", guesses, served, rows)
			}
		})
	}
}

// A thief with a session cannot keep its user from changing the password.
func TestThiefDoesNotBlockThePassword(t *testing.T) {
	h := house.New(t, house.Options{Throttled: true})
	_, tok := h.Register(t, "ada@example.com")
	s, err := h.Sessions.Find(t.Context(), tok)
	if err != nil {
		t.Fatal(err)
	}
	change := func(current account.Password, client guard.Client) error {
		client.Session = tok
		_, err := h.Accounts.ChangePassword(t.Context(), s, current, "another password", client)
		return err
	}
	for range 20 {
		_ = change("wrongpass", from("198.51.100.1"))
	}
	if err := change(house.Password, from("198.51.100.1")); errors.Is(err, account.ErrWrongPassword) || err == nil {
		t.Errorf("the thief was not throttled: %v", err)
	}
	if err := change(house.Password, from("192.0.2.1")); err != nil {
		t.Errorf("the user: %v", err)
	}
}

// An attempt that is refused costs no hash and, past the first in a minute, no write.
func TestRefusedAttemptsCostNothing(t *testing.T) {
	h := house.New(t, house.Options{Throttled: true})
	ada, _ := h.Register(t, "ada@example.com")
	login := func() error {
		_, err := h.Accounts.Login(t.Context(), ada.Email, "wrongpass", from("192.0.2.66"))
		return err
	}
	for range 11 { // the last is refused
		_ = login()
	}
	hashes, isWritten := h.Passwords.Load().Done, house.Writes(t, h.Folder)
	for range 100 {
		if err := login(); errors.Is(err, account.ErrInvalidCredentials) {
			t.Fatal("admitted")
		}
	}
	if n := h.Passwords.Load().Done - hashes; n != 0 {
		t.Errorf("%d hashes", n)
	}
	if isWritten() {
		t.Error("something was written")
	}
}

// A login that does not get its turn, because the client left or the queue is full, writes
// nothing and does not count.
func TestCancelledLoginWritesNothing(t *testing.T) {
	h := house.New(t, house.Options{Throttled: true})
	ada, _ := h.Register(t, "ada@example.com")
	hashing := h.Passwords.Hashing()
	isWritten := house.Writes(t, h.Folder)
	release := house.Hold(t, hashing, hashing.Load().Slots, 1)
	for range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			_, err := h.Accounts.Login(ctx, ada.Email, "wrongpass", from("192.0.2.66"))
			done <- err
		}()
		house.AwaitWaiting(t, hashing, 1)
		cancel()
		if err := <-done; errors.Is(err, account.ErrInvalidCredentials) {
			t.Errorf("error %v", err)
		}
	}
	if isWritten() {
		t.Error("something was written")
	}
	release()
	if _, err := h.Accounts.Login(t.Context(), ada.Email, house.Password, from("192.0.2.66")); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// A password that was verified is recorded, whoever still listens. Otherwise passwords
// could be tested without a trace.
func TestVerifiedIsRecorded(t *testing.T) {
	for typed, want := range map[account.Password]guard.Event{house.Password: guard.EventLogin, "wrongpass": guard.EventLoginFailed} {
		h := house.New(t, house.Options{Throttled: true, Hash: password.Params{Memory: 19456, Time: 10}}) // long enough to leave
		ada, _ := h.Register(t, "ada@example.com")
		h.Clock.Advance(time.Second)
		cancelWhileHashing(t, h, func(ctx context.Context) {
			_, _ = h.Accounts.Login(ctx, ada.Email, typed, from("192.0.2.1"))
		})
		if events := h.Events(t, ada.ID); events[0] != want {
			t.Errorf("%s: events %v", want, events)
		}
	}
}

// The same is true of a changed password.
func TestVerifiedCurrentPasswordIsRecorded(t *testing.T) {
	for typed, want := range map[account.Password]guard.Event{house.Password: guard.EventPasswordChanged, "wrongpass": guard.EventPasswordFailed} {
		h := house.New(t, house.Options{Throttled: true, Hash: password.Params{Memory: 19456, Time: 10}})
		ada, tok := h.Register(t, "ada@example.com")
		s, err := h.Sessions.Find(t.Context(), tok)
		if err != nil {
			t.Fatal(err)
		}
		h.Clock.Advance(time.Second)
		client := from("192.0.2.1")
		client.Session = tok
		cancelWhileHashing(t, h, func(ctx context.Context) {
			_, _ = h.Accounts.ChangePassword(ctx, s, typed, "another password", client)
		})
		if events := h.Events(t, ada.ID); events[0] != want {
			t.Errorf("%s: events %v", want, events)
		}
	}
}

// cancelWhileHashing calls act, and cancels it as soon as a password is hashed.
func cancelWhileHashing(t *testing.T, h *house.House, act func(ctx context.Context)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); act(ctx) }()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for h.Passwords.Load().Running == 0 {
		<-tick.C
	}
	cancel()
	<-done
}
