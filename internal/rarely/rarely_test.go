package rarely_test

import (
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/rarely"
)

var start = time.Date(2026, 11, 22, 15, 4, 5, 0, time.UTC)

// Each key passes once a minute, whatever other keys do.
func TestGate(t *testing.T) {
	gate := rarely.NewGate[string](time.Minute, 10)
	for _, c := range []struct {
		key   string
		after time.Duration
		want  bool
	}{
		{"a", 0, true},
		{"a", 59 * time.Second, false},
		{"b", 59 * time.Second, true},
		{"a", time.Minute, true},
		{"b", time.Minute, false},
		{"a", -time.Hour, true}, // the clock was set back
	} {
		if got := gate.Pass(c.key, start.Add(c.after)); got != c.want {
			t.Errorf("%s after %v: %v, want %v", c.key, c.after, got, c.want)
		}
	}
}

// A full gate reports no further keys until the period has passed.
func TestGateIsBounded(t *testing.T) {
	gate := rarely.NewGate[int](time.Minute, 3)
	for i, want := range []bool{true, true, true, false, false} {
		if got := gate.Pass(i, start); got != want {
			t.Errorf("key %d: %v, want %v", i, got, want)
		}
	}
	later := start.Add(time.Minute)
	for i, want := range []bool{true, true, true, false} {
		if got := gate.Pass(10+i, later); got != want {
			t.Errorf("later, key %d: %v, want %v", i, got, want)
		}
	}
}
