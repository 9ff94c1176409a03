package account

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/store/sqlite"
)

// signedIn tells whether a token is a live session.
func (b *bench) signedIn(t *testing.T, token Token) bool {
	t.Helper()
	_, err := b.Authenticate(t.Context(), token)
	if err != nil && !errors.Is(err, ErrNotLoggedIn) {
		t.Fatal(err)
	}
	return err == nil
}

// cached tells whether a session is answered from memory.
func (b *bench) cached(token Token) bool { return b.sessions.get(token.hash(), b.now) != nil }

// keep makes sure that a session is answered from memory.
func (b *bench) keep(t *testing.T, token Token) {
	t.Helper()
	b.sessions.look(t.Context(), b.now)
	if !b.signedIn(t, token) || !b.cached(token) {
		t.Fatal("the session is not kept")
	}
}

func TestSessionsAreKeptOnlyWhileOthersAreWatched(t *testing.T) {
	b := newBench(t)
	_, token := b.register(t, "ada@example.com")
	if b.signedIn(t, token); b.cached(token) {
		t.Error("kept before others were looked for")
	}
	b.keep(t, token)
	start := b.now
	for _, c := range []struct {
		later time.Duration
		want  bool
	}{{0, true}, {watchTrust - time.Microsecond, true}, {watchTrust, false}, {-time.Second, false}} {
		if b.now = start.Add(c.later); b.cached(token) != c.want {
			t.Errorf("%v after the last look: kept %v", c.later, !c.want)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	b.now = start.Add(2 * time.Second)
	if b.sessions.look(ended, b.now); b.cached(token) {
		t.Error("kept although looking failed")
	}
}

func TestKeptSessionsDieOfAge(t *testing.T) {
	for name, age := range map[string]struct{ idle, longest time.Duration }{
		"idle":    {time.Hour, 24 * time.Hour},
		"maximum": {24 * time.Hour, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.opt.SessionIdle, b.opt.SessionMax = age.idle, age.longest
			_, token := b.register(t, "ada@example.com")
			b.keep(t, token)
			start := b.now
			b.now = start.Add(time.Hour)
			b.sessions.look(t.Context(), b.now)
			if !b.cached(token) || b.signedIn(t, token) {
				t.Error("a kept session outlived its limit")
			}
			b.now = start
			b.sessions.look(t.Context(), b.now)
			if b.cached(token) || b.signedIn(t, token) {
				t.Error("it is alive again once the clock was set back")
			}
		})
	}
}

// The sweep ends sessions that nobody has asked for, and those are not to come back either.
func TestSweptSessionsAreNotKept(t *testing.T) {
	b := newBench(t)
	_, token := b.register(t, "ada@example.com")
	b.keep(t, token)
	start := b.now
	b.now = start.Add(2 * time.Hour)
	b.Sweep(t.Context())
	b.now = start
	b.sessions.look(t.Context(), b.now)
	if b.cached(token) || b.signedIn(t, token) {
		t.Error("a swept session is alive once the clock was set back")
	}
}

// A kept session's use is written down like any other's.
func TestKeptSessionsAreTouched(t *testing.T) {
	b := newBench(t)
	b.opt.SessionIdle = 14 * 24 * time.Hour
	user, token := b.register(t, "ada@example.com")
	b.keep(t, token)
	b.now = b.now.Add(time.Hour)
	b.sessions.look(t.Context(), b.now)
	if !b.cached(token) || !b.signedIn(t, token) {
		t.Fatal("the session is gone")
	}
	rows, err := b.db.SessionsOfUser(t.Context(), user.ID, 1)
	if err != nil || !rows[0].LastSeenAt.Equal(b.now) {
		t.Errorf("last seen %v (%v), now %v", rows[0].LastSeenAt, err, b.now)
	}
}

// Every change is seen by the very next request, and one to somebody else
// does not make the cache forget.
func TestKeptSessionsAreExact(t *testing.T) {
	ctx := t.Context()
	from := func(token Token) Client { return Client{IP: netip.MustParseAddr("192.0.2.1"), Session: token} }
	for name, change := range map[string]struct {
		do   func(b *bench, in Session, token Token) error
		ends bool
	}{
		"logout": {func(b *bench, _ Session, token Token) error { return b.Logout(ctx, from(token)) }, true},
		"end": {func(b *bench, in Session, _ Token) error {
			return b.EndSession(ctx, in.User, in.ID, Client{})
		}, true},
		"end others": {func(b *bench, in Session, _ Token) error {
			in.ID = "another"
			_, err := b.EndOtherSessions(ctx, in, Client{})
			return err
		}, true},
		"login": {func(b *bench, in Session, token Token) error {
			_, err := b.Login(ctx, in.User.Email, "simplepass", from(token))
			return err
		}, true},
		"password": {func(b *bench, in Session, token Token) error {
			_, err := b.ChangePassword(ctx, in, "simplepass", "simplepass2", from(token))
			return err
		}, true},
		"rename": {func(b *bench, in Session, _ Token) error {
			_, err := b.Rename(ctx, in.User, "Countess", Client{})
			return err
		}, false},
		"picture": {func(b *bench, in Session, _ Token) error {
			_, err := b.SetPicture(ctx, in.User.ID, upload("face.png", pictureOf(t, 8)), Client{})
			return err
		}, false},
		"deletion": {func(b *bench, in Session, _ Token) error {
			return b.db.Tx(ctx, func(tx *store.Tx) error { return tx.DeleteUser(ctx, in.User.ID) })
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			_, token := b.register(t, "ada@example.com")
			_, eve := b.register(t, "eve@example.com")
			_, bob := b.register(t, "bob@example.com")
			b.keep(t, token)
			b.keep(t, eve)
			b.keep(t, bob)
			before, err := b.Authenticate(ctx, token)
			if err != nil {
				t.Fatal(err)
			}
			if err := change.do(b, before, token); err != nil {
				t.Fatal(err)
			}
			after, err := b.Authenticate(ctx, token)
			switch {
			case change.ends && !errors.Is(err, ErrNotLoggedIn):
				t.Errorf("the session goes on: %v", err)
			case !change.ends && (err != nil || after.User == before.User || after.Memo == before.Memo):
				t.Errorf("the person is still %+v (%v)", after.User, err)
			}
			if !b.cached(eve) && !b.cached(bob) { // one of them may share a counter
				t.Error("the others are forgotten too")
			}
		})
	}
}

// The commands of operators are other processes, on the same file.
func TestChangesOfOtherProcessesEndKeptSessions(t *testing.T) {
	b := newBench(t)
	user, token := b.register(t, "ada@example.com")
	b.keep(t, token)
	other, err := sqlite.OpenExisting(t.Context(), b.file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	err = other.Tx(t.Context(), func(tx *store.Tx) error {
		_, err := tx.DeleteSessionsOfUser(t.Context(), user.ID, "")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if b.sessions.look(t.Context(), b.now); b.cached(token) || b.signedIn(t, token) {
		t.Error("the session goes on")
	}
}

// That a session is in use is written down aside: a lock held by another process
// holds up nobody who only reads.
func TestReadersDoNotWaitForALock(t *testing.T) {
	b := newBench(t)
	_, token := b.register(t, "ada@example.com")
	other, err := sqlite.OpenExisting(t.Context(), b.file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	b.now = b.now.Add(30 * time.Minute) // it is due
	err = other.Tx(t.Context(), func(*store.Tx) error {
		begun := time.Now()
		if !b.signedIn(t, token) || time.Since(begun) > 3*time.Second {
			t.Errorf("held up for %v", time.Since(begun))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func BenchmarkAuthenticate(bench *testing.B) {
	b := newBench(bench)
	_, token := b.register(bench, "ada@example.com")
	b.sessions.look(bench.Context(), b.now)
	bench.ReportAllocs()
	for bench.Loop() {
		if _, err := b.Authenticate(bench.Context(), token); err != nil {
			bench.Fatal(err)
		}
	}
}
