package account

import (
	"errors"
	"testing"
	"time"
)

// Whoever guesses writes events about accounts that do not exist: they are kept for
// a week, or shorter where the operator keeps nothing longer.
func TestEventsOfNobodyAreForgottenSooner(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		keep        time.Duration
		nobody, ada int // events left
	}{
		{90 * day, 7, 10},
		{3 * day, 3, 3},
	} {
		b := newBench(t)
		b.opt.AuditKeep = c.keep
		ada, _ := b.register(t, "ada@example.com")
		for range 9 { // the last a day ago, the first nine days
			for _, email := range []string{"nobody@example.com", "ada@example.com"} {
				if _, err := b.Login(t.Context(), email, "wrongpass", Client{}); !errors.Is(err, ErrInvalidCredentials) {
					t.Fatal(err)
				}
			}
			b.now = b.now.Add(day)
		}
		b.now = b.now.Add(-time.Second)
		b.Sweep(t.Context())
		for id, want := range map[string]int{"": c.nobody, ada.ID: c.ada} {
			if left, err := b.Audit(t.Context(), id, 100); err != nil || len(left) != want {
				t.Errorf("kept for %v: %d events of %q are left (%v), want %d", c.keep, len(left), id, err, want)
			}
		}
	}
}
