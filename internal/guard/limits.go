package guard

import (
	"context"
	"log/slog"
	"time"

	"github.com/cardea-accounts/cardea/internal/rarely"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/token"
)

// Limit is how many attempts are allowed within a window. After that the wait lasts
// until the window has passed. It grows with further attempts, up to longestWait.
type Limit struct {
	Count  int
	Window time.Duration
}

// Rules are the limits on attempts.
type Rules struct {
	Account  Limit // wrong passwords for one account
	Address  Limit // wrong passwords from one address
	Register Limit // registrations from one address
}

const (
	firstWait   = time.Minute
	longestWait = 15 * time.Minute
	// waitSteps is the number of attempts past the limit after which the wait stops growing.
	waitSteps = 4
	// A refused attempt is an event at most once a minute for each limit. Otherwise a flood
	// of attempts would become a flood of events.
	reportEvery = time.Minute
	maxReported = 10_000
	// attemptsKeep is how long attempts are remembered at least. A longer window extends it.
	attemptsKeep = time.Hour
)

// wait returns how long to wait before the next attempt, given the times of the recent
// ones, newest first. Zero means now.
func (l Limit) wait(attempts []time.Time, now time.Time) time.Duration {
	over := len(attempts) - l.Count
	if over < 0 {
		return 0
	}
	window := attempts[l.Count-1].Add(l.Window).Sub(now)
	block := attempts[0].Add(min(longestWait, firstWait<<min(over, waitSteps))).Sub(now)
	return max(0, window, block)
}

// Counter counts attempts of one kind, such as those at one account.
type Counter struct {
	limit Limit
	name  [32]byte
}

// newCounter names a counter by a hash, so the table of attempts holds no addresses of
// strangers and nothing that a stranger made long.
func newCounter(l Limit, kind, value string) Counter { return Counter{l, hash(kind, value)} }

// Limits throttles attempts at passwords, registrations, and the changes of one user.
// Attempts are rows, so a restart forgets none. Its methods may be called from any goroutine.
type Limits struct {
	db    *store.DB
	audit *Audit
	rules Rules
	on    bool
	now   func() time.Time
	log   *slog.Logger

	reported *rarely.Gate[[32]byte] // limits that were reached
}

// NewLimits returns limits by the given rules. If on is false, nothing is throttled.
func NewLimits(db *store.DB, audit *Audit, rules Rules, on bool, now func() time.Time, log *slog.Logger) *Limits {
	return &Limits{
		db: db, audit: audit, rules: rules, on: on, now: now, log: log,
		reported: rarely.NewGate[[32]byte](reportEvery, maxReported),
	}
}

// ForLogin returns the counters of a login attempt. A device that has signed in to the
// account before has a counter of its own, so strangers who guess cannot lock its owner out.
func (l *Limits) ForLogin(emailKey string, client Client, deviceID string) []Counter {
	if deviceID != "" {
		return []Counter{newCounter(l.rules.Account, "device", deviceID)}
	}
	return []Counter{l.ForAccount(emailKey), newCounter(l.rules.Address, "address", client.Networks()[0].String())}
}

// ForAccount returns the counter of strangers' attempts at an account.
func (l *Limits) ForAccount(emailKey string) Counter {
	return newCounter(l.rules.Account, "account", emailKey)
}

// ForRegistration returns the counters of a registration.
func (l *Limits) ForRegistration(client Client) []Counter {
	return []Counter{newCounter(l.rules.Register, "registration", client.Networks()[0].String())}
}

// ForPassword returns the counters of an attempt at the current password by a signed-in
// user. They are separate from strangers' attempts.
func (l *Limits) ForPassword(userID string) []Counter {
	return []Counter{newCounter(l.rules.Account, "password", userID)}
}

// Attempt is an admitted attempt. It counts from its admission on, so a hundred
// attempts at once get no further than a hundred in a row.
type Attempt struct {
	Counters []Counter
	ids      []string
}

// Admit counts an attempt at the account of a user, whose id may be empty. Error:
// too_many_attempts, with the time to wait.
func (l *Limits) Admit(ctx context.Context, counters []Counter, userID string, client Client) (Attempt, error) {
	attempt := Attempt{Counters: counters}
	if !l.on {
		return attempt, nil
	}
	now := l.now()
	var reached Counter
	var wait time.Duration
	err := l.db.Tx(ctx, func(tx *store.Tx) (err error) {
		attempt, wait = Attempt{Counters: counters}, 0
		for _, reached = range counters {
			if wait, err = l.waitNow(ctx, tx, reached, now); err != nil || wait > 0 {
				return err // a refusal keeps what waitNow wrote
			}
		}
		return attempt.add(ctx, tx, now)
	})
	if err != nil || wait == 0 {
		return attempt, PublicError(err)
	}
	if l.reported.Pass(reached.name, now) {
		l.audit.Record(ctx, EventLoginThrottled, userID, client)
	}
	return Attempt{}, tooManyAttempts(wait)
}

// waitNow returns how long to wait before the next attempt of a counter. Attempts dated
// in the future were made before the clock was set back. They count as made now: the
// user is not locked out until the clock catches up, and nobody gets new attempts.
func (l *Limits) waitNow(ctx context.Context, tx *store.Tx, c Counter, now time.Time) (time.Duration, error) {
	if err := tx.RedateFutureAttempts(ctx, c.name[:], now); err != nil {
		return 0, err
	}
	since := now.Add(-max(attemptsKeep, c.limit.Window)) // not l.keep(), which includes the windows of other limits
	attempts, err := tx.AttemptsAfter(ctx, c.name[:], since, c.limit.Count+waitSteps)
	return c.limit.wait(attempts, now), err
}

func (a *Attempt) add(ctx context.Context, tx *store.Tx, now time.Time) error {
	for _, c := range a.Counters {
		id := token.ID()
		if err := tx.AddAttempt(ctx, store.Attempt{ID: id, Counter: c.name[:], At: now}); err != nil {
			return err
		}
		a.ids = append(a.ids, id)
	}
	return nil
}

// TakeBack removes an attempt that failed through no fault of the user, such as in an outage.
func (l *Limits) TakeBack(ctx context.Context, a Attempt) {
	if len(a.ids) == 0 {
		return
	}
	ctx = context.WithoutCancel(ctx)
	if err := l.db.Tx(ctx, func(tx *store.Tx) error { return a.remove(ctx, tx) }); err != nil {
		l.log.WarnContext(ctx, "an attempt that failed through no fault of the user still counts", "error", err)
	}
}

// Succeed ends an attempt with the right password, in the transaction that signs in. The
// attempt no longer counts, nor do earlier ones at this account. Attempts from the
// address still count. Otherwise an attacker could clear them with an account of their own.
func (a Attempt) Succeed(ctx context.Context, tx *store.Tx) error {
	if len(a.ids) == 0 {
		return nil
	}
	if err := tx.DeleteAttempts(ctx, a.Counters[0].name[:]); err != nil {
		return err
	}
	return a.remove(ctx, tx)
}

func (a Attempt) remove(ctx context.Context, tx *store.Tx) error {
	for _, id := range a.ids {
		if err := tx.DeleteAttempt(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// Forget clears the counters of an account, for an operator who sets a new password.
func (l *Limits) Forget(ctx context.Context, tx *store.Tx, user store.User) error {
	for _, c := range append(l.ForPassword(user.ID), l.ForAccount(user.EmailKey)) {
		if err := tx.DeleteAttempts(ctx, c.name[:]); err != nil {
			return err
		}
	}
	return nil
}

// Sweep deletes attempts that no limit looks at any more.
func (l *Limits) Sweep(ctx context.Context) error {
	before := l.now().Add(-l.keep())
	return l.db.InBatches(ctx, SweepBatch, func(tx *store.Tx) (int64, error) {
		return tx.DeleteOldAttempts(ctx, before, SweepBatch)
	})
}

// keep is how long attempts are remembered.
func (l *Limits) keep() time.Duration {
	return max(attemptsKeep, l.rules.Account.Window, l.rules.Address.Window, l.rules.Register.Window)
}

// tooManyAttempts reports a wait of at most longestWait. By then the state may have changed.
func tooManyAttempts(wait time.Duration) error {
	return &Error{Kind: KindThrottled, Code: "too_many_attempts", RetryAfter: min(longestWait, wait),
		Message: "Too many attempts. Wait a while, then try again."}
}
