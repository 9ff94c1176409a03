package rarely_test

import (
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/rarely"
)

// A key has two reports a minute, and all keys together five. The next report that passes
// has the number of those that did not.
func TestQuota(t *testing.T) {
	quota := rarely.NewQuota[string](time.Minute, 2, 5)
	for i, c := range []struct {
		key   string
		after time.Duration
		ok    bool
		more  int64
	}{
		{"a", 0, true, 0},
		{"a", 1, true, 0},
		{"a", 2, false, 0},
		{"a", 3, false, 0},
		{"b", 4, true, 2},
		{"c", 5, true, 0},
		{"d", 6, true, 0},
		{"e", time.Minute - 1, false, 0},
		{"a", time.Minute, true, 1},
		{"e", time.Minute, true, 0},
		{"e", time.Minute, true, 0},
		{"e", time.Minute, false, 0},
		{"e", -time.Hour, true, 1}, // the clock was set back
	} {
		more, ok := quota.Pass(c.key, start.Add(c.after))
		if ok != c.ok || more != c.more {
			t.Errorf("%d, %s: %v with %d more, want %v with %d", i, c.key, ok, more, c.ok, c.more)
		}
	}
}
