package guard

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/token"
)

// Event is something that happened to an account and matters for its security.
type Event string

// The events. Each is a line in the log and a row of the audit table.
const (
	EventRegistered      Event = "registered"
	EventLogin           Event = "login"
	EventLoginFailed     Event = "login_failed"    // wrong password, or no such account
	EventLoginThrottled  Event = "login_throttled" // too many attempts; once a minute for each limit reached
	EventLoginSuspended  Event = "login_suspended" // right password, but the account is suspended
	EventLogout          Event = "logout"
	EventRenamed         Event = "renamed"
	EventEmailChanged    Event = "email_changed"
	EventPasswordChanged Event = "password_changed"
	EventPasswordFailed  Event = "password_failed"  // the current password was wrong
	EventConfirmed       Event = "confirmed"        // the current password was right
	EventSessionReplaced Event = "session_replaced" // by a login of the same client, or because the user has too many
	EventSessionsEnded   Event = "sessions_ended"
	EventPictureChanged  Event = "picture_changed"
	EventPictureRemoved  Event = "picture_removed"
	EventSuspended       Event = "suspended"
	EventUnsuspended     Event = "unsuspended"
	EventUserDeleted     Event = "user_deleted"
)

// anonymousKeep is how long events about accounts that do not exist are kept. Guessing
// writes them without end. A week is enough for an operator to see what happened.
const anonymousKeep = 7 * 24 * time.Hour

// SweepBatch is how many rows a sweep deletes in one transaction. That takes a few
// milliseconds, during which other writers wait.
const SweepBatch = 100

// Audit records events in the audit table and in the log. Its methods may be called
// from any goroutine.
type Audit struct {
	db   *store.DB
	keep time.Duration
	now  func() time.Time
	log  *slog.Logger

	counts eventCounts
}

// NewAudit returns an audit that keeps events for the time keep.
func NewAudit(db *store.DB, keep time.Duration, now func() time.Time, log *slog.Logger) *Audit {
	return &Audit{db: db, keep: keep, now: now, log: log}
}

// Report tells a transaction which event happened to which user.
type Report func(event Event, userID string)

// Transact runs f in a transaction and records the events it reports in the same
// transaction, so neither exists without the other. After the commit it logs them.
func (a *Audit) Transact(ctx context.Context, client Client, f func(*store.Tx, Report) error) error {
	type happened struct {
		event  Event
		userID string
	}
	var events []happened
	err := a.db.Tx(ctx, func(tx *store.Tx) error {
		events = nil // the transaction may run again
		if err := f(tx, func(e Event, userID string) { events = append(events, happened{e, userID}) }); err != nil {
			return err
		}
		for _, h := range events {
			if err := a.insert(ctx, tx, h.event, h.userID, client); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, h := range events {
		a.logEvent(ctx, h.event, h.userID, client)
	}
	return nil
}

// TransactEvent is Transact for a single event, which happens if f succeeds.
func (a *Audit) TransactEvent(ctx context.Context, e Event, userID string, client Client, f func(*store.Tx) error) error {
	return a.Transact(ctx, client, func(tx *store.Tx, report Report) error {
		report(e, userID)
		return f(tx)
	})
}

// Record records an event that changes nothing else, such as a wrong password. A failure
// is logged and does not change the answer to the client.
func (a *Audit) Record(ctx context.Context, e Event, userID string, client Client) {
	ctx = context.WithoutCancel(ctx)
	if err := a.TransactEvent(ctx, e, userID, client, func(*store.Tx) error { return nil }); err != nil {
		a.log.WarnContext(ctx, "event not written to the audit table", "event", string(e), "user", userID, "error", err)
	}
}

func (a *Audit) insert(ctx context.Context, tx *store.Tx, e Event, userID string, client Client) error {
	return tx.AddAudit(ctx, store.Audit{
		ID: token.ID(), At: a.now(), Event: string(e), UserID: userID, IP: client.Address(), RequestID: client.RequestID,
	})
}

func (a *Audit) logEvent(ctx context.Context, e Event, userID string, client Client) {
	a.counts.add(e)
	a.log.LogAttrs(ctx, slog.LevelInfo, "event", slog.String("event", string(e)),
		slog.String("user", userID), slog.String("ip", client.Address()), slog.String("request", client.RequestID))
}

// Entry is an event as operators see it.
type Entry struct {
	At        time.Time
	Event     Event
	IP        string // empty: an operator's command
	RequestID string // as in the log; empty: an operator's command
}

// OfUser lists the latest events of a user, newest first, at most limit.
func (a *Audit) OfUser(ctx context.Context, userID string, limit int) ([]Entry, error) {
	rows, err := a.db.AuditOfUser(ctx, userID, limit)
	if err != nil {
		return nil, PublicError(err)
	}
	list := make([]Entry, 0, len(rows))
	for _, r := range rows {
		list = append(list, Entry{r.At, Event(r.Event), r.IP, r.RequestID})
	}
	return list, nil
}

// Counts returns how often each event has happened since the start.
func (a *Audit) Counts() map[Event]int64 { return a.counts.all() }

// Sweep deletes events older than the setting allows. Those without a user are deleted
// after a week.
func (a *Audit) Sweep(ctx context.Context) error {
	now := a.now()
	return errors.Join(
		a.db.InBatches(ctx, SweepBatch, func(tx *store.Tx) (int64, error) {
			return tx.DeleteOldAudit(ctx, now.Add(-a.keep), SweepBatch)
		}),
		a.db.InBatches(ctx, SweepBatch, func(tx *store.Tx) (int64, error) {
			return tx.DeleteOldAuditWithoutUser(ctx, now.Add(-anonymousKeep), SweepBatch)
		}),
	)
}

// eventCounts counts events.
type eventCounts struct {
	mu     sync.Mutex
	counts map[Event]int64
}

func (c *eventCounts) add(e Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = make(map[Event]int64)
	}
	c.counts[e]++
}

func (c *eventCounts) all() map[Event]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.counts)
}
