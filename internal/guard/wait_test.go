package guard

import (
	"testing"
	"time"
)

func TestWait(t *testing.T) {
	now := time.Date(2026, 11, 22, 15, 4, 5, 0, time.UTC)
	l := Limit{Count: 3, Window: 10 * time.Minute}
	ago := func(minutes ...int) (attempts []time.Time) {
		for _, m := range minutes {
			attempts = append(attempts, now.Add(-time.Duration(m)*time.Minute))
		}
		return attempts
	}
	for _, c := range []struct {
		attempts []time.Time // newest first
		want     time.Duration
	}{
		{nil, 0},
		{ago(0, 0), 0},
		{ago(0, 0, 0), 10 * time.Minute},
		{ago(0, 4, 9), time.Minute},           // the third newest leaves the window in a minute
		{ago(5, 9, 20), 0},                    // it has left
		{ago(0, 11, 12, 13), 2 * time.Minute}, // one over the limit: two minutes after the newest
		{ago(1, 11, 12, 13), time.Minute},
		{ago(0, 15, 20, 25, 30), 4 * time.Minute},
		{ago(0, 15, 20, 25, 30, 35, 40, 45, 50), 15 * time.Minute},
	} {
		if got := l.wait(c.attempts, now); got != c.want {
			t.Errorf("after attempts at %v: wait %v, want %v", c.attempts, got, c.want)
		}
	}
}
