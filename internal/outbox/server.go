package outbox

import (
	"sync"
	"sync/atomic"
	"time"
)

// server remembers whether the mail server can be used.
type server struct {
	mu       sync.Mutex
	since    time.Time // of the first failure in a row; zero: it works
	next     time.Time // when it may be asked again
	failures int       // in a row
	last     error
}

// longestPause is how long a server that cannot be used is left alone at most.
const longestPause = 5 * time.Minute

func (s *server) mayTry(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failures == 0 || !now.Before(s.next) || s.next.Sub(now) > longestPause // the clock was set back
}

func (s *server) worked() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures, s.last, s.since = 0, nil, time.Time{}
}

func (s *server) failed(now time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failures == 0 {
		s.since = now
	}
	s.failures++
	s.next, s.last = now.Add(min(longestPause, wait(s.failures))), err
}

// figures count since the start.
type figures struct{ sent, failures, gaveUp atomic.Int64 }

// Figures are figures since the start.
type Figures struct {
	Sent     int64
	Failures int64 // attempts that are made again
	GivenUp  int64
}

// Figures returns the figures of this moment.
func (o *Outbox) Figures() Figures {
	return Figures{o.figures.sent.Load(), o.figures.failures.Load(), o.figures.gaveUp.Load()}
}

// tellAfter is how long a mail server may refuse everything before readiness tells of it.
const tellAfter = 5 * time.Minute

// Trouble returns why the mail server has not been usable for five minutes; nil if it is,
// or if none is set.
func (o *Outbox) Trouble() error {
	s := &o.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failures == 0 || o.opt.Now().Sub(s.since) < tellAfter {
		return nil
	}
	return s.last
}
