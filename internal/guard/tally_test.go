package guard

import (
	"fmt"
	"testing"
	"time"
)

// A tally counts up to a limit in a window, and is bounded in memory.
func TestTally(t *testing.T) {
	now := time.Date(2026, 11, 22, 15, 4, 5, 0, time.UTC)
	tally := newTally(time.Hour)
	of := func(name string, limit int) []counter {
		return []counter{{name: nameCounter("test", name, ""), limit: Limit{Count: limit}}}
	}
	for i, c := range []struct {
		after time.Duration
		want  time.Duration
	}{
		{0, 0}, {time.Minute, 0}, {20 * time.Minute, 40 * time.Minute}, {time.Hour - time.Second, time.Second},
		{time.Hour, 0},
		{-time.Minute, 0}, // the clock was set back: nobody is locked out
	} {
		if got := tally.add(of("ada", 2), now.Add(c.after)); got != c.want {
			t.Errorf("%d: wait %v, want %v", i, got, c.want)
		}
	}
	for i := range 3 * maxTally {
		tally.add(of(fmt.Sprint(i), 2), now)
		if len(tally.counts) > maxTally {
			t.Fatalf("%d names", len(tally.counts))
		}
	}
}
