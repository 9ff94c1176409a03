package guard_test

import (
	"errors"
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
