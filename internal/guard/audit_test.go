package guard_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

// Guessing writes events about accounts that do not exist. They are kept for a week, or
// for less if the operator keeps nothing longer.
func TestEventsWithoutUserAreDeletedSooner(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		keep            time.Duration
		withoutUser, of int // events left
	}{
		{90 * day, 7, 10},
		{3 * day, 3, 3},
	} {
		h := house.New(t, house.Options{AuditKeep: c.keep})
		ada, _ := h.Register(t, "ada@example.com")
		for range 9 { // the last a day ago, the first nine days
			for _, email := range []string{"nobody@example.com", "ada@example.com"} {
				if _, err := h.Accounts.Login(t.Context(), email, "wrongpass", guard.Client{}); !errors.Is(err, account.ErrInvalidCredentials) {
					t.Fatal(err)
				}
			}
			h.Clock.Advance(day)
		}
		h.Clock.Advance(-time.Second)
		if err := h.Audit.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		for id, want := range map[string]int{"": c.withoutUser, ada.ID: c.of} {
			if left := h.Events(t, id); len(left) != want {
				t.Errorf("kept for %v: %d events of %q are left, want %d", c.keep, len(left), id, want)
			}
		}
	}
}

// An event is recorded with the change it reports, or not at all.
func TestEventOfAFailedChangeIsNotRecorded(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, _ := h.Register(t, "ada@example.com")
	failure := errors.New("no such luck")
	err := h.Audit.Transact(t.Context(), guard.Client{}, func(tx *store.Tx, report guard.Report) error {
		report(guard.EventRenamed, ada.ID)
		return errors.Join(tx.SetName(t.Context(), ada.ID, "Countess"), failure)
	})
	row, findErr := h.DB.UserByID(t.Context(), ada.ID)
	if !errors.Is(err, failure) || findErr != nil || row.Name != "Ada" {
		t.Errorf("%v; named %s (%v)", err, row.Name, findErr)
	}
	if events := h.Events(t, ada.ID); !slices.Equal(events, []guard.Event{guard.EventRegistered}) {
		t.Errorf("events %v", events)
	}
	if h.Audit.Counts()[guard.EventRenamed] != 0 || strings.Contains(h.Log.String(), "event=renamed") {
		t.Errorf("counts %v, the log:\n%s", h.Audit.Counts(), h.Log)
	}
}

// If only the event cannot be written, the log says so, and the answer stays the same.
func TestEventThatCannotBeWritten(t *testing.T) {
	h := house.New(t, house.Options{})
	if err := h.DB.Close(); err != nil {
		t.Fatal(err)
	}
	h.Audit.Record(t.Context(), guard.EventLoginFailed, "", guard.Client{})
	if !strings.Contains(h.Log.String(), "event not written") || h.Audit.Counts()[guard.EventLoginFailed] != 0 {
		t.Errorf("counts %v, the log:\n%s", h.Audit.Counts(), h.Log)
	}
}

// Events that one client repeats become one row with a count, and few lines in the log.
// Those of other networks and of operators do not count with them.
func TestRepeatedEventsAreFolded(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, _ := h.Register(t, "ada@example.com")
	for i := range 100 {
		h.Clock.Advance(time.Second)
		for _, from := range []guard.Client{client("192.0.2.1"), client(fmt.Sprintf("2001:db8:1:%x::1", i))} {
			h.Audit.Record(t.Context(), guard.EventLoginFailed, ada.ID, from)
		}
	}
	list, err := h.Audit.OfUser(t.Context(), ada.ID, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 2*11+1 || list[0].Count != 90 || list[1].Count != 90 || list[2].Count != 1 {
		t.Errorf("%d rows, the first %+v", len(list), list[:3])
	}
	if n := strings.Count(h.Log.String(), "event=login_failed"); n != 2*(10+3) { // and at 16, 32 and 64
		t.Errorf("%d lines in the log", n)
	}
	if n := h.Audit.Counts()[guard.EventLoginFailed]; n != 200 {
		t.Errorf("counted %d", n)
	}
	h.Clock.Advance(time.Hour)
	h.Audit.Record(t.Context(), guard.EventLoginFailed, ada.ID, client("192.0.2.1"))
	if list, err := h.Audit.OfUser(t.Context(), ada.ID, 1); err != nil || list[0].Count != 1 {
		t.Errorf("an hour later: %+v, %v", list, err)
	}
}

// A transaction of one client waits while a flood of another client's takes turns.
func TestWritersTakeTurns(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, _ := h.Register(t, "ada@example.com")
	started, hold := make(chan struct{}), make(chan struct{})
	go func() {
		_ = h.Audit.Transact(t.Context(), client("192.0.2.9"), func(*store.Tx, guard.Report) error {
			close(started)
			<-hold
			return nil
		})
	}()
	<-started
	const flood = 50
	order := make(chan string, flood+1)
	write := func(who, ip string) {
		_ = h.Audit.TransactEvent(t.Context(), guard.EventRenamed, ada.ID+who, client(ip), func(*store.Tx) error {
			order <- who
			return nil
		})
	}
	for i := range flood {
		go write("eve", fmt.Sprintf("2001:db8:1:%x::1", i))
		h.Audit.AwaitWriters(i + 1)
	}
	go write("ada", "192.0.2.1")
	h.Audit.AwaitWriters(flood + 1)
	close(hold)
	for place := range flood + 1 {
		if <-order == "ada" && place > 4 {
			t.Errorf("the other client came after %d of the flood", place)
		}
	}
}
