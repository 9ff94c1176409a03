package operate_test

import (
	"flag"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/operate"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
	"github.com/cardea-accounts/cardea/internal/user"
)

var pauseUsers = flag.Int("pause.users", 2000, "users of TestNothingHoldsTheWriter; 1000000 for a figure to quote, which takes minutes")

// longestPause is how long a request that writes may wait for work in the background: a
// tenth of what users notice as delay, and much more than it takes on a disk that is not busy.
const longestPause = time.Second

// While all expired sessions are swept, all users are listed, and everything is backed
// up, other writers get their turn.
func TestNothingHoldsTheWriter(t *testing.T) {
	h := house.New(t, house.Options{})
	h.Crowd(t, *pauseUsers)
	h.Clock.Advance(2 * time.Hour)
	data := open(t, h)
	for _, c := range []struct {
		name string
		work func() error
	}{
		{"sweep", func() error { return h.Sweep(t.Context()) }},
		{"list", func() error {
			_, err := data.List(t.Context(), operate.Query{Limit: *pauseUsers}, func(user.User) error { return nil })
			return err
		}},
		{"backup", func() error {
			_, err := data.BackupTo(t.Context(), io.Discard, operate.BackupOptions{})
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			began := time.Now()
			pauses := writeDuring(t, h, c.work)
			t.Logf("%d users: took %v; the longest of %d writes meanwhile %v", *pauseUsers, time.Since(began), len(pauses), longest(pauses))
			if longest := longest(pauses); longest > longestPause {
				t.Errorf("a write waited %v", longest)
			}
		})
	}
}

// writeDuring renames a user again and again while work is done, and returns how long
// each time took.
func writeDuring(t *testing.T, h *house.House, work func() error) (took []time.Duration) {
	t.Helper()
	var working sync.WaitGroup
	ended := make(chan struct{})
	working.Go(func() {
		defer close(ended)
		if err := work(); err != nil {
			t.Error(err)
		}
	})
	defer working.Wait()
	for i := 0; ; i++ {
		began := time.Now()
		err := h.DB.Tx(t.Context(), func(tx *store.Tx) error { return tx.SetName(t.Context(), "p0", fmt.Sprint(i)) })
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

func longest(list []time.Duration) (longest time.Duration) {
	for _, d := range list {
		longest = max(longest, d)
	}
	return longest
}
