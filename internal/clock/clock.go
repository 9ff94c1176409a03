// Package clock tells a time that does not jump with the clock of the machine.
//
// A clock may show a wrong time for a while: before it is synchronised after a boot, when
// an operator mistypes a date, or when a virtual machine is moved. Time then seems to pass
// that does not, and sessions, throttles and events would expire. A time of Go's
// [time.Now] has a second reading, of a clock that is never set. [Clock] compares the two.
package clock

import (
	"context"
	"sync"
	"time"
)

const (
	// smallest is the smallest jump that is not followed at once.
	smallest = time.Minute
	// Adopt is how long the machine's clock must agree with itself after a jump until the
	// new time is taken over.
	Adopt = 15 * time.Minute
	// Settle is how long there must have been no jump until [Clock.IsSettled].
	Settle = time.Hour
)

// Clock is a clock that follows another one. Its methods may be called from any goroutine.
type Clock struct {
	now   func() time.Time
	first time.Time
	drift func(now time.Time) time.Duration // by how much the clock was set since first

	mu     sync.Mutex
	offset time.Duration
	jumped time.Duration // offset that is not taken over yet; equals offset if there is none
	since  time.Time     // when jumped was seen first
	change time.Time     // the last jump, or the start
}

// New returns a clock that follows now. If its times have no monotonic reading, as in
// tests, they are taken as they are.
func New(now func() time.Time) *Clock {
	first := now()
	drift := func(now time.Time) time.Duration { return now.Round(0).Sub(first.Round(0)) - now.Sub(first) }
	return &Clock{now: now, first: first, drift: drift, since: first, change: first}
}

// Now returns the time. After a jump it continues as if there had been none, until the
// machine's clock has shown the new time for the duration [Adopt].
func (c *Clock) Now() time.Time {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	drift := c.drift(now) // 0 without a monotonic reading
	switch {
	case isSmall(drift - c.offset):
		c.offset, c.jumped = drift, drift
	case !isSmall(drift - c.jumped):
		c.jumped, c.since, c.change = drift, now, now
	case now.Sub(c.since) >= Adopt:
		c.offset, c.jumped = drift, drift
	default:
		c.jumped = drift
	}
	return c.first.Round(0).Add(now.Sub(c.first) + c.offset)
}

func isSmall(d time.Duration) bool { return d.Abs() < smallest }

// IsSettled reports whether there has been no jump for the duration [Settle], the start
// included. What expired can be deleted for good then.
func (c *Clock) IsSettled() bool {
	c.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if now == now.Round(0) { // no monotonic reading
		return true
	}
	return c.offset == c.jumped && now.Sub(c.change) >= Settle
}

// WhenSettled returns a background job that does nothing until the clock [Clock.IsSettled].
func (c *Clock) WhenSettled(do func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		if !c.IsSettled() {
			return nil
		}
		return do(ctx)
	}
}
