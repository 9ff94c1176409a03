package clock

import (
	"testing"
	"time"
)

// machine is a clock whose wall time can be set.
type machine struct {
	start  time.Time // with a monotonic reading
	passed time.Duration
	set    time.Duration
}

func (m *machine) pass(d time.Duration) { m.passed += d }

// clock returns a clock on that machine. No function returns a time whose two readings
// differ, so the clock is told their difference.
func (m *machine) clock() *Clock {
	c := New(func() time.Time { return m.start.Add(m.passed) })
	c.drift = func(time.Time) time.Duration { return m.set }
	return c
}

// shows is how far a clock is from the time that really passed.
func (m *machine) shows(c *Clock) time.Duration {
	return c.Now().Round(0).Sub(m.start.Add(m.passed).Round(0))
}

func TestJumps(t *testing.T) {
	const days = 24 * time.Hour
	type step struct{ passed, set, shows time.Duration }
	for name, steps := range map[string][]step{
		"none":                       {{time.Hour, 0, 0}, {10 * days, 0, 0}},
		"small steps add up":         {{1, 30 * time.Second, 30 * time.Second}, {1, 80 * time.Second, 80 * time.Second}},
		"15 days ahead for a second": {{1, 15 * days, 0}, {time.Second, 15 * days, 0}, {1, 0, 0}},
		"an hour back and forth":     {{1, -time.Hour, 0}, {10 * time.Minute, -time.Hour, 0}, {1, 0, 0}},
		"one that stays":             {{1, days, 0}, {14 * time.Minute, days, 0}, {time.Minute, days, days}, {Settle, days, days}},
		"one after the other":        {{1, days, 0}, {14 * time.Minute, 2 * days, 0}, {14 * time.Minute, 2 * days, 0}, {time.Minute, 2 * days, 2 * days}},
	} {
		t.Run(name, func(t *testing.T) {
			m := &machine{start: time.Now()}
			c := m.clock()
			for i, s := range steps {
				m.pass(s.passed)
				m.set = s.set
				if got := m.shows(c); got != s.shows {
					t.Errorf("step %d: %v ahead, want %v", i, got, s.shows)
				}
			}
		})
	}
}

// Nothing is deleted for good within an hour of a start or of a jump.
func TestSettled(t *testing.T) {
	m := &machine{start: time.Now()}
	c := m.clock()
	for i, s := range []struct {
		passed, set time.Duration
		settled     bool
	}{
		{0, 0, false}, {Settle - 1, 0, false}, {1, 0, true},
		{1, -time.Hour, false}, {Settle - 1, -time.Hour, false}, {1, -time.Hour, true},
		{1, 0, false},
	} {
		m.pass(s.passed)
		m.set = s.set
		if got := c.IsSettled(); got != s.settled {
			t.Errorf("step %d: %v", i, got)
		}
	}
}

// A clock that is turned, as tests do, has no second reading and is believed.
func TestTurnedClock(t *testing.T) {
	now := time.Date(2026, 11, 22, 15, 4, 5, 0, time.UTC)
	c := New(func() time.Time { return now })
	for _, turn := range []time.Duration{15 * 24 * time.Hour, -time.Hour} {
		now = now.Add(turn)
		if got := c.Now(); !got.Equal(now) || !c.IsSettled() {
			t.Errorf("%v, want %v", got, now)
		}
	}
}
