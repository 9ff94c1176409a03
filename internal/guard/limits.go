package guard

import (
	"context"
	"time"

	"github.com/cardea-accounts/cardea/internal/rarely"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/token"
)

// Refused attempts cost next to nothing. Without this bound a flood of them would become
// a flood of events.
const (
	reportEvery = time.Minute
	maxReported = 10_000
)

// Limits throttles attempts at passwords, registrations, and the changes of one user.
// Attempts that failed are rows, so a restart forgets none. Its methods may be called
// from any goroutine.
type Limits struct {
	db    *store.DB
	audit *Audit
	rules Rules
	on    bool
	now   func() time.Time

	pending  pending
	signIns  *tally
	changes  *tally
	reported *rarely.Gate[counterName] // limits that were reached
}

// NewLimits returns limits by the given rules. If on is false, nothing is throttled.
func NewLimits(db *store.DB, audit *Audit, rules Rules, on bool, now func() time.Time) *Limits {
	return &Limits{
		db: db, audit: audit, rules: rules, on: on, now: now,
		signIns: newTally(signInWindow), changes: newTally(time.Hour),
		reported: rarely.NewGate[counterName](reportEvery, maxReported),
	}
}

// Attempt is an admitted attempt. It counts from its admission until [Attempt.End], and
// after that if [Attempt.Count] was committed.
type Attempt struct {
	limits   *Limits // nil: nothing is throttled
	counters Counters
	id       string
	at       time.Time
}

// Admit begins an attempt at the account of a user, whose id may be empty. The caller
// must end it. Error: too_many_attempts, with the time to wait.
func (l *Limits) Admit(ctx context.Context, counters Counters, userID string, client Client) (*Attempt, error) {
	if !l.on {
		return &Attempt{}, nil
	}
	attempt := &Attempt{limits: l, counters: counters, id: token.ID(), at: l.now()}
	reached, wait, err := l.check(ctx, attempt)
	if err == nil && wait == 0 {
		reached, wait = l.admitSignIn(attempt)
	}
	if err == nil && wait == 0 {
		l.pending.addAdmitted(attempt)
		return attempt, nil
	}
	attempt.End()
	if err != nil {
		return nil, PublicError(err)
	}
	if l.reported.Pass(reached, attempt.at) {
		l.audit.Record(ctx, EventLoginThrottled, userID, client)
	}
	return nil, tooManyAttempts(wait)
}

// check makes an attempt pending and returns how long it has to wait, and for which
// counter. It only reads the database.
func (l *Limits) check(ctx context.Context, a *Attempt) (reached counterName, wait time.Duration, err error) {
	before, reached, wait := l.pending.add(a) // first, so no attempt is missed that is stored meanwhile
	if wait > 0 {
		return reached, wait, nil
	}
	isNarrow := false
	if all := a.counters.all; all != nil {
		times, err := l.times(ctx, *all, l.pending.at(*all), a.at)
		if err != nil {
			return reached, 0, err
		}
		isNarrow = all.limit.isReached(times, a.at)
	}
	for i, c := range a.counters.each {
		times, err := l.times(ctx, c, before[i], a.at)
		if err != nil {
			return reached, 0, err
		}
		if isNarrow && c.reserve > 0 {
			c.limit.Count = min(c.limit.Count, c.reserve)
		}
		if wait := c.limit.wait(times, a.at); wait > 0 {
			if len(before[i]) == 0 { // others may yet succeed
				l.pending.refuse(c.name, a.at, wait)
			}
			return c.name, wait, nil
		}
	}
	return reached, 0, nil
}

// times returns when the recent attempts at a counter were made, newest first. After the
// clock was set back, attempts may be dated in the future. It gives them the present
// time: the user is not locked out until the clock catches up, and nobody gets new attempts.
func (l *Limits) times(ctx context.Context, c counter, pending map[string]time.Time, now time.Time) ([]time.Time, error) {
	rows, err := l.db.AttemptsAfter(ctx, c.name[:], now.Add(-c.limit.keep()), c.limit.most())
	if err == nil && len(rows) > 0 && rows[0].At.After(now) {
		err = l.db.Tx(ctx, func(tx *store.Tx) error { return tx.RedateFutureAttempts(ctx, c.name[:], now) })
	}
	return times(rows, pending, now), err
}

// Count makes an attempt count after its end, in the transaction with its outcome.
func (a *Attempt) Count(ctx context.Context, tx *store.Tx) error {
	if a.limits == nil {
		return nil
	}
	for _, c := range a.counters.list() {
		if err := tx.AddAttempt(ctx, store.Attempt{ID: a.id, Counter: c.name[:], At: a.at}); err != nil {
			return err
		}
	}
	return nil
}

// Succeed clears earlier attempts at the account from the same network or device, in the
// transaction that signs in. Those of the network at all accounts still count. Otherwise
// an attacker could clear them with an account of their own.
func (a *Attempt) Succeed(ctx context.Context, tx *store.Tx) error {
	if a.limits == nil {
		return nil
	}
	return tx.DeleteAttempts(ctx, a.counters.each[0].name[:])
}

// End ends an attempt. Call it when the transaction with its outcome has ended, or when
// there is none.
func (a *Attempt) End() {
	if a.limits != nil {
		a.limits.pending.remove(a)
	}
}

// Forget clears the counters of an account, for an operator who sets a new password.
func (l *Limits) Forget(ctx context.Context, tx *store.Tx, user store.User) error {
	for _, name := range []counterName{
		nameCounter("account", user.EmailKey, ""), nameCounter("device", user.EmailKey, ""), nameCounter("password", user.ID, ""),
	} {
		if err := tx.DeleteAttemptsFrom(ctx, name[:16]); err != nil {
			return err
		}
	}
	return nil
}

// Sweep deletes attempts that no limit looks at any more.
func (l *Limits) Sweep(ctx context.Context) error {
	before := l.now().Add(-max(l.rules.Account.keep(), l.rules.Address.keep(), l.rules.Register.keep()))
	return l.db.InBatches(ctx, SweepBatch, func(tx *store.Tx) (int64, error) {
		return tx.DeleteOldAttempts(ctx, before, SweepBatch)
	})
}

// tooManyAttempts reports a wait of at most longestWait. By then the state may have changed.
func tooManyAttempts(wait time.Duration) error {
	return &Error{Kind: KindThrottled, Code: "too_many_attempts", RetryAfter: min(longestWait, wait),
		Message: "Too many attempts. Wait a while, then try again."}
}
