package guard

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/cardea-accounts/cardea/internal/fair"
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
	EventVerifySent      Event = "verification_sent"
	EventVerified        Event = "email_verified"
	EventResetSent       Event = "reset_sent"
	EventReset           Event = "password_reset"
	EventChangeSent      Event = "email_change_sent"
	EventChangeCancelled Event = "email_change_cancelled"
	EventCodeSent        Event = "login_code_sent"
	EventLoginByCode     Event = "login_by_code"
	EventLoginByFlask    Event = "login_by_flask_cookie"
	EventUndone          Event = "change_undone" // the owner said that a change was not theirs
	EventMailFailed      Event = "mail_failed"   // a message was given up
	EventMailWithheld    Event = "mail_withheld" // a limit on mail was reached
	EventExported        Event = "exported"
	EventLanguageChanged Event = "language_changed"
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

	counts  eventCounts
	repeats *tally
	writers fair.Gate
}

// The first events of a kind and user from a network within an hour are rows of their own.
// Further ones are one row with a count, and lines in the log at each power of two. So
// what one client repeats costs a bounded part of the disk.
const (
	separateEvents = 10
	foldEvents     = time.Hour
)

// writerPatience bounds how long a transaction waits for those of others. By then the
// caller has given up.
const writerPatience = 5 * time.Second

// NewAudit returns an audit that keeps events for the time keep.
func NewAudit(db *store.DB, keep time.Duration, now func() time.Time, log *slog.Logger) *Audit {
	return &Audit{db: db, keep: keep, now: now, log: log, repeats: newTally(foldEvents)}
}

// Report tells a transaction which event happened to which user.
type Report func(event Event, userID string)

// happening is an event that a transaction reported.
type happening struct {
	event  Event
	userID string
	count  // with those before it
}

// Transact runs f in a transaction and records the events it reports in the same
// transaction, so neither exists without the other. After the commit it logs them.
// Transactions take turns between networks.
func (a *Audit) Transact(ctx context.Context, client Client, f func(*store.Tx, Report) error) error {
	return a.transact(ctx, "", client, f)
}

// TransactEvent is Transact for a single event, which happens if f succeeds. Transactions
// take turns between users, too.
func (a *Audit) TransactEvent(ctx context.Context, e Event, userID string, client Client, f func(*store.Tx) error) error {
	return a.transact(ctx, userID, client, func(tx *store.Tx, report Report) error {
		report(e, userID)
		return f(tx)
	})
}

func (a *Audit) transact(ctx context.Context, userID string, client Client, f func(*store.Tx, Report) error) error {
	leave, err := a.enter(ctx, Flows(client, "write", userID))
	if err != nil {
		return err
	}
	defer leave()
	var events []happening
	err = a.db.Tx(ctx, func(tx *store.Tx) error {
		events = nil // the transaction may run again
		report := func(e Event, userID string) { events = append(events, a.happen(e, userID, client)) }
		if err := f(tx, report); err != nil {
			return err
		}
		for _, h := range events {
			if err := a.insert(ctx, tx, h, client); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, h := range events {
		a.logEvent(ctx, h, client)
	}
	return nil
}

// enter waits until no other transaction of a client runs, and the flows have their turn.
func (a *Audit) enter(ctx context.Context, flows []fair.Flow) (leave func(), err error) {
	waiting, cancel := context.WithTimeout(ctx, writerPatience)
	defer cancel()
	leave, err = a.writers.Enter(waiting, fair.Ticket{Flows: flows})
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w: too many writers are waiting", store.ErrUnavailable)
	}
	return leave, err
}

// Record records an event that changes nothing else, such as a wrong password. A failure
// is logged and does not change the answer to the client.
func (a *Audit) Record(ctx context.Context, e Event, userID string, client Client) {
	ctx = context.WithoutCancel(ctx)
	if err := a.TransactEvent(ctx, e, userID, client, func(*store.Tx) error { return nil }); err != nil {
		a.log.WarnContext(ctx, "event not written to the audit table", "event", string(e), "user", userID, "error", err)
	}
}

// happen counts an event of a client. Operators' events are all rows of their own.
func (a *Audit) happen(e Event, userID string, client Client) happening {
	if !client.IP.IsValid() {
		return happening{e, userID, count{n: 1}}
	}
	return happening{e, userID, a.repeats.count(eventName(e, userID, client), a.now())}
}

// eventName names what counts as the same event: that of one user from one network.
func eventName(e Event, userID string, client Client) counterName {
	networks := client.Networks()
	return nameCounter(string(e), userID, networks[len(networks)-1].String())
}

func (a *Audit) insert(ctx context.Context, tx *store.Tx, h happening, client Client) error {
	id := token.ID()
	if h.n > separateEvents {
		name := eventName(h.event, h.userID, client)
		id = fmt.Sprintf("%x-%d", name[:], h.since.Unix())
	}
	return tx.AddAudit(ctx, store.Audit{
		ID: id, At: a.now(), Event: string(h.event), UserID: h.userID, IP: client.Address(), RequestID: client.RequestID,
	})
}

func (a *Audit) logEvent(ctx context.Context, h happening, client Client) {
	a.counts.add(h.event)
	attrs := []slog.Attr{
		slog.String("event", string(h.event)), slog.String("user", h.userID),
		slog.String("ip", client.Address()), slog.String("request", client.RequestID),
	}
	if h.n > separateEvents {
		if h.n&(h.n-1) != 0 {
			return
		}
		attrs = append(attrs, slog.Int("times_within_hour", h.n))
	}
	a.log.LogAttrs(ctx, slog.LevelInfo, "event", attrs...)
}

// Entry is an event as operators see it.
type Entry struct {
	At        time.Time // the latest, if it happened more than once
	Event     Event
	IP        string // empty: an operator's command
	RequestID string // as in the log; empty: an operator's command
	Count     int    // how often it happened
}

// OfUser lists the latest events of a user, newest first, at most limit.
func (a *Audit) OfUser(ctx context.Context, userID string, limit int) ([]Entry, error) {
	rows, err := a.db.AuditOfUser(ctx, userID, limit)
	if err != nil {
		return nil, PublicError(err)
	}
	list := make([]Entry, 0, len(rows))
	for _, r := range rows {
		list = append(list, Entry{r.At, Event(r.Event), r.IP, r.RequestID, r.Count})
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
