package account

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// lastSeen tells when a person's newest session was seen, as the database has it.
func (b *bench) lastSeen(t *testing.T, user User) time.Time {
	t.Helper()
	rows, err := b.db.SessionsOfUser(t.Context(), user.ID, 1)
	if err != nil || len(rows) == 0 {
		t.Fatalf("%d sessions (%v)", len(rows), err)
	}
	return rows[0].LastSeenAt
}

// flush writes down what was gathered.
func (b *bench) flush(t *testing.T) {
	t.Helper()
	if err := b.flushUses(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// While Run goes on, nobody waits for the use of a session to be written down; when it
// ends, what it gathered is not lost.
func TestUsesAreGathered(t *testing.T) {
	b := newBench(t)
	b.opt.SessionIdle = 14 * 24 * time.Hour
	user, token := b.register(t, "ada@example.com")
	start := b.now
	b.uses.gather()
	b.now = start.Add(time.Hour)
	if b.signedIn(t, token); !b.lastSeen(t, user).Equal(start) {
		t.Error("written down at once")
	}
	if b.flush(t); !b.lastSeen(t, user).Equal(b.now) {
		t.Errorf("last seen %v, now %v", b.lastSeen(t, user), b.now)
	}
	b.now = b.now.Add(time.Hour)
	b.signedIn(t, token)
	b.uses.end()
	if b.flush(t); !b.lastSeen(t, user).Equal(b.now) {
		t.Error("the last use is lost")
	}
	b.now = b.now.Add(time.Hour)
	if b.signedIn(t, token); !b.lastSeen(t, user).Equal(b.now) {
		t.Error("not written down although nobody gathers")
	}
}

// usedAtTheLimit is a session that was used a second before it would have ended.
func usedAtTheLimit(t *testing.T) (*bench, User, Token) {
	t.Helper()
	b := newBench(t)
	b.opt.SessionIdle = 24 * time.Hour
	b.opt.SessionMax = 30 * 24 * time.Hour
	user, token := b.register(t, "ada@example.com")
	b.uses.gather()
	b.now = b.now.Add(b.opt.SessionIdle - time.Second)
	if !b.signedIn(t, token) {
		t.Fatal("ended too early")
	}
	return b, user, token
}

// A session that is used at the last moment is not swept before its use is written.
func TestSweepKnowsWhatIsGathered(t *testing.T) {
	b, _, token := usedAtTheLimit(t)
	b.now = b.now.Add(2 * time.Second)
	if b.Sweep(t.Context()); !b.signedIn(t, token) {
		t.Error("swept, although it was used a moment ago")
	}
}

// Nor does it end while that is being written, or could not be.
func TestUsesCountUntilTheyAreWritten(t *testing.T) {
	b, user, token := usedAtTheLimit(t)
	used := b.now
	failing, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.flushUses(failing); err == nil {
		t.Fatal("written")
	}
	b.now = b.now.Add(2 * time.Second)
	if !b.signedIn(t, token) {
		t.Fatal("ended, although it was used a moment ago")
	}
	if b.flush(t); !b.lastSeen(t, user).Equal(used) && !b.lastSeen(t, user).Equal(b.now) {
		t.Errorf("last seen %v", b.lastSeen(t, user))
	}
}

// Many uses are written in batches, so that others can write between them.
func TestManyUses(t *testing.T) {
	b := newBench(t)
	b.opt.SessionIdle = 14 * 24 * time.Hour
	b.crowd(t, 3*sweepBatch/2)
	all := map[string]use{}
	b.now = b.now.Add(time.Hour)
	for i := range 3 * sweepBatch / 2 {
		user := fmt.Sprintf("p%d", i)
		rows, err := b.db.SessionsOfUser(t.Context(), user, 1)
		if err != nil {
			t.Fatal(err)
		}
		all[rows[0].ID] = use{user, b.now}
	}
	if err := b.writeUses(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	for i := range 3 * sweepBatch / 2 {
		if at := b.lastSeen(t, User{ID: fmt.Sprintf("p%d", i)}); !at.Equal(b.now) {
			t.Fatalf("p%d was last seen %v", i, at)
		}
	}
}
