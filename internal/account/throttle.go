package account

import (
	"context"
	"crypto/sha256"
	"sync"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/workers"
)

// limit is how often something may be tried. Past it the wait lasts until the
// window has passed and, the more tries come after that, grows up to longestBlock.
type limit struct {
	tries  int
	window time.Duration
}

// OWASP ASVS 5.0 (6.3.1) asks for limits that stop guessing; these let a person
// mistype, and an attacker try some hundred passwords a day at one account.
var (
	accountLimit      = limit{10, 10 * time.Minute}
	addressLimit      = limit{100, 10 * time.Minute}
	registrationLimit = limit{20, time.Hour}
)

const (
	firstBlock   = time.Minute
	longestBlock = 15 * time.Minute
	// triesKept is how long tries are remembered; no window is longer.
	triesKept = time.Hour
	// blockSteps is after how many tries past the limit the wait grows no more.
	blockSteps = 4
)

// wait is how long to wait before another try is due, given when the tries of the
// last hour were, the latest first. Zero: at once.
func (l limit) wait(tries []time.Time, now time.Time) time.Duration {
	over := len(tries) - l.tries
	if over < 0 {
		return 0
	}
	window := tries[l.tries-1].Add(l.window).Sub(now)
	block := tries[0].Add(min(longestBlock, firstBlock<<min(over, blockSteps))).Sub(now)
	return max(0, window, block)
}

// counter is one thing that tries are counted for.
type counter struct {
	limit
	name [sha256.Size]byte
}

// count names a counter. It is kept as a hash, so that the table of tries holds
// no addresses of strangers, and nothing that one of them has made long.
func count(l limit, kind, value string) counter {
	return counter{l, flow(kind, value)}
}

// flow names somebody in a queue.
func flow(kind, value string) workers.Flow { return sha256.Sum256([]byte(kind + "\x00" + value)) }

// hashes is a job of n hashes, for whom tries are counted: so the queue is fair
// between accounts and between addresses, and nobody makes a device wait that is
// known at its account.
func (s *Service) hashes(n int, from []counter) workers.Job {
	job := workers.Job{Weight: int64(n) * int64(s.opt.Argon2.Memory) << 10}
	for _, c := range from {
		job.Flows = append(job.Flows, c.name)
	}
	return job
}

// loginCounters are what a try at the password of an account counts for. A device
// that has signed in to it before counts for itself, so that strangers who guess
// cannot lock its owner out.
func loginCounters(emailKey string, from Client, device string) []counter {
	if device != "" {
		return []counter{count(accountLimit, "device", device)}
	}
	return []counter{count(accountLimit, "account", emailKey), count(addressLimit, "address", from.network())}
}

func registrationCounters(from Client) []counter {
	return []counter{count(registrationLimit, "registration", from.network())}
}

// passwordCounters are what a try at the current password counts for, by someone
// who is signed in: apart from the tries of strangers.
func passwordCounters(userID string) []counter {
	return []counter{count(accountLimit, "password", userID)}
}

// network is what counts as one address: an IPv6 network of 64 bits is one
// customer's (RFC 6177), who can use all of it.
func (c Client) network() string {
	if c.IP.Is6() {
		if network, err := c.IP.Prefix(64); err == nil {
			return network.String()
		}
	}
	return c.IP.String()
}

// ticket is a try that was let through. It counts from then on, so that a hundred
// that come at once are no better than a hundred that follow each other.
type ticket struct {
	counters []counter
	ids      []string
}

// admit counts a try at the account of a person (empty: of nobody), or fails with
// too_many_tries and the time to wait.
func (s *Service) admit(ctx context.Context, counters []counter, userID string, from Client) (ticket, error) {
	t := ticket{counters: counters}
	if !s.opt.RateLimit {
		return t, nil
	}
	now := s.opt.Now()
	var reached counter
	var wait time.Duration
	err := s.db.Tx(ctx, func(tx *store.Tx) (err error) {
		t, wait = ticket{counters: counters}, 0
		for _, reached = range counters {
			if wait, err = reached.waitNow(ctx, tx, now); err != nil || wait > 0 {
				return err // without one, what waitNow did stays
			}
		}
		return t.add(ctx, tx, now)
	})
	if err != nil || wait == 0 {
		return t, err
	}
	if s.throttled.first(reached.name, now) {
		s.recordAlone(ctx, EventLoginThrottled, userID, from)
	}
	return ticket{}, tooManyTries(wait)
}

// waitNow is how long to wait before another try is due. Tries dated later than now
// are of before the clock was set back. Nobody knows when they were made, so from now
// on they were made now: that locks nobody out until the clock has caught up, and
// gives nobody tries anew.
func (c counter) waitNow(ctx context.Context, tx *store.Tx, now time.Time) (time.Duration, error) {
	if err := tx.RedateFutureAttempts(ctx, c.name[:], now); err != nil {
		return 0, err
	}
	tries, err := tx.AttemptsAfter(ctx, c.name[:], now.Add(-triesKept), c.tries+blockSteps)
	return c.wait(tries, now), err
}

// add writes the try down for each of its counters.
func (t *ticket) add(ctx context.Context, tx *store.Tx, now time.Time) error {
	for _, c := range t.counters {
		id := newID()
		if err := tx.AddAttempt(ctx, store.Attempt{ID: id, Counter: c.name[:], At: now}); err != nil {
			return err
		}
		t.ids = append(t.ids, id)
	}
	return nil
}

// withdraw takes a try back that came to nothing, through no fault of who tried.
func (s *Service) withdraw(ctx context.Context, t ticket) {
	if len(t.ids) == 0 {
		return
	}
	ctx = context.WithoutCancel(ctx)
	err := s.db.Tx(ctx, func(tx *store.Tx) error { return t.takeBack(ctx, tx) })
	if err != nil {
		s.opt.Log.WarnContext(ctx, "a try that came to nothing still counts", "error", err)
	}
}

func (t ticket) takeBack(ctx context.Context, tx *store.Tx) error {
	for _, id := range t.ids {
		if err := tx.DeleteAttempt(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// succeeded ends a try with the right password: it no longer counts, and neither
// do those before it at this account. What the address has tried stays counted,
// or else an attacker could clear it with an account of their own.
func (t ticket) succeeded(ctx context.Context, tx *store.Tx) error {
	if len(t.ids) == 0 {
		return nil
	}
	if err := tx.DeleteAttempts(ctx, t.counters[0].name[:]); err != nil {
		return err
	}
	return t.takeBack(ctx, tx)
}

// tooManyTries tells a wait of at most longestBlock: by then something may have changed.
func tooManyTries(wait time.Duration) error {
	return &Error{Kind: KindThrottled, Code: "too_many_tries", RetryAfter: min(longestBlock, wait),
		Message: "There were too many tries. Please wait a while, then try again."}
}

// recently remembers for a minute what it has seen, so that a flood of refused
// tries, which cost next to nothing, does not become a flood of events.
type recently struct {
	mu   sync.Mutex
	seen map[[sha256.Size]byte]time.Time
}

// maxRecent bounds the memory of recently; past it, it starts anew.
const maxRecent = 10_000

// first tells whether name was not seen in the last minute.
func (r *recently) first(name [sha256.Size]byte, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if at, ok := r.seen[name]; ok && now.Sub(at) < time.Minute && now.After(at.Add(-time.Minute)) {
		return false
	}
	if r.seen == nil || len(r.seen) >= maxRecent {
		r.seen = map[[sha256.Size]byte]time.Time{}
	}
	r.seen[name] = now
	return true
}

// sweepTries forgets tries that no limit looks at any more.
func (s *Service) sweepTries(ctx context.Context) error {
	before := s.opt.Now().Add(-triesKept)
	return s.inBatches(ctx, func(tx *store.Tx) (int64, error) { return tx.DeleteOldAttempts(ctx, before, sweepBatch) })
}
