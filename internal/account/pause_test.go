package account

import (
	"flag"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/store/sqlite"
)

var pausePeople = flag.Int("pause.people", 2000, "people of TestNothingHoldsTheWriter; 1000000 for a figure to quote, which takes minutes")

// longestPause is how long somebody who writes may have to wait for the work that
// goes on beside the requests: a tenth of what people notice as delay, and much more
// than it takes on a disk that is not busy.
const longestPause = time.Second

// While expired sessions of everybody are swept, people are listed and all is backed up, other
// writers get their turn.
func TestNothingHoldsTheWriter(t *testing.T) {
	b := newBench(t)
	b.crowd(t, *pausePeople)
	b.now = b.now.Add(2 * b.opt.SessionIdle)
	for name, work := range map[string]func(){
		"sweep": func() { b.Sweep(t.Context()) },
		"list": func() {
			if _, err := b.People(t.Context(), PeopleQuery{Limit: 1000}); err != nil {
				t.Error(err)
			}
		},
		"backup": func() {
			other, err := sqlite.OpenExisting(t.Context(), b.file) // a command is a process of its own
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = other.Close() }()
			if _, err := New(other, b.storage, b.opt).Backup(t.Context(), io.Discard, BackupOptions{}); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			pauses := b.writing(t, work)
			t.Logf("%d people: took %v; the longest of %d writes beside it %v", *pausePeople, time.Since(began), len(pauses), maximum(pauses))
			if longest := maximum(pauses); longest > longestPause {
				t.Errorf("somebody waited %v to write", longest)
			}
		})
	}
}

// crowd adds people with a session each.
func (b *bench) crowd(t *testing.T, people int) {
	t.Helper()
	const batch = 10_000
	for first := 0; first < people; first += batch {
		err := b.db.Tx(t.Context(), func(tx *store.Tx) error {
			for i := first; i < min(people, first+batch); i++ {
				id := fmt.Sprintf("p%d", i)
				key := id + "@example.com"
				user := store.User{ID: id, Name: id, Email: key, EmailKey: key, PasswordHash: b.decoy, CreatedAt: b.now}
				if err := tx.CreateUser(t.Context(), user); err != nil {
					return err
				}
				session, _ := b.newSession(id, Client{})
				if err := tx.CreateSession(t.Context(), session); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// writing renames somebody again and again while work is done, and tells how long
// each time took.
func (b *bench) writing(t *testing.T, work func()) (took []time.Duration) {
	t.Helper()
	var done sync.WaitGroup
	ended := make(chan struct{})
	done.Go(func() { defer close(ended); work() })
	defer done.Wait()
	for i := 0; ; i++ {
		began := time.Now()
		err := b.db.Tx(t.Context(), func(tx *store.Tx) error { return tx.SetName(t.Context(), "p0", fmt.Sprint(i)) })
		if err != nil {
			t.Fatal(err)
		}
		took = append(took, time.Since(began))
		select {
		case <-ended:
			return took
		default:
		}
	}
}

func maximum(list []time.Duration) (longest time.Duration) {
	for _, d := range list {
		longest = max(longest, d)
	}
	return longest
}
