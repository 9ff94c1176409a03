package account

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
)

// Event is something that happened to an account and matters to its safety.
type Event string

// The events. Each is a line of the log and a row of the audit table, which is
// kept for Options.AuditKeep.
const (
	EventRegistered      Event = "registered"
	EventLogin           Event = "login"
	EventLoginFailed     Event = "login_failed"    // wrong password, or no such account
	EventLoginThrottled  Event = "login_throttled" // too many tries; once a minute for each limit that is reached
	EventLogout          Event = "logout"
	EventRenamed         Event = "renamed"
	EventPasswordChanged Event = "password_changed"
	EventPasswordFailed  Event = "password_failed"  // the current password was wrong
	EventSessionReplaced Event = "session_replaced" // by a login or registration of the same client, or one session too many
	EventSessionsEnded   Event = "sessions_ended"
	EventPictureChanged  Event = "picture_changed"
	EventPictureRemoved  Event = "picture_removed"
	EventPersonDeleted   Event = "person_deleted"
)

// record writes an event down in the transaction of what it tells of, so that
// neither is there without the other.
func (s *Service) record(ctx context.Context, tx *store.Tx, e Event, userID string, from Client) error {
	return tx.AddAudit(ctx, store.Audit{
		ID: newID(), At: s.opt.Now(), Event: string(e), UserID: userID, IP: from.address(), RequestID: from.RequestID,
	})
}

// teller is told what happened, and to whose account.
type teller func(e Event, userID string)

// acts runs f in a transaction that also writes down the events that f tells, and then logs them.
func (s *Service) acts(ctx context.Context, from Client, f func(*store.Tx, teller) error) error {
	type happened struct {
		event  Event
		userID string
	}
	var events []happened
	err := s.db.Tx(ctx, func(tx *store.Tx) error {
		events = nil
		if err := f(tx, func(e Event, userID string) { events = append(events, happened{e, userID}) }); err != nil {
			return err
		}
		for _, h := range events {
			if err := s.record(ctx, tx, h.event, h.userID, from); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, h := range events {
		s.logEvent(ctx, h.event, h.userID, from)
	}
	return nil
}

// act is acts for one event, which happens if f succeeds.
func (s *Service) act(ctx context.Context, e Event, userID string, from Client, f func(*store.Tx) error) error {
	return s.acts(ctx, from, func(tx *store.Tx, tell teller) error {
		tell(e, userID)
		return f(tx)
	})
}

// recordAlone is act for what changes nothing else, such as a wrong password.
// That it fails is no reason to answer otherwise.
func (s *Service) recordAlone(ctx context.Context, e Event, userID string, from Client) {
	ctx = context.WithoutCancel(ctx)
	if err := s.act(ctx, e, userID, from, func(*store.Tx) error { return nil }); err != nil {
		s.opt.Log.WarnContext(ctx, "event not written to the audit table", "event", string(e), "user", userID, "error", err)
	}
}

// logEvent counts an event and tells the log, once it is sure that the event happened.
func (s *Service) logEvent(ctx context.Context, e Event, userID string, from Client) {
	s.events.add(e)
	s.opt.Log.LogAttrs(ctx, slog.LevelInfo, "event", slog.String("event", string(e)),
		slog.String("user", userID), slog.String("ip", from.address()), slog.String("request", from.RequestID))
}

// AuditEntry is an event as operators see it.
type AuditEntry struct {
	At        time.Time
	Event     Event
	IP        string // empty: an operator's command
	RequestID string // as in the log; empty likewise
}

// Audit lists what happened to an account, the latest first, at most limit.
func (s *Service) Audit(ctx context.Context, userID string, limit int) ([]AuditEntry, error) {
	rows, err := s.db.AuditOfUser(ctx, userID, limit)
	if err != nil {
		return nil, outage(err)
	}
	list := make([]AuditEntry, 0, len(rows))
	for _, r := range rows {
		list = append(list, AuditEntry{r.At, Event(r.Event), r.IP, r.RequestID})
	}
	return list, nil
}

// nobodyKept is how long events about accounts that do not exist are kept at most:
// whoever guesses writes them, without end. In a week an operator sees what went on.
const nobodyKept = 7 * 24 * time.Hour

// sweepAudit forgets what is older than the operator wants to keep.
func (s *Service) sweepAudit(ctx context.Context) error {
	now := s.opt.Now()
	return errors.Join(
		s.inBatches(ctx, func(tx *store.Tx) (int64, error) {
			return tx.DeleteOldAudit(ctx, now.Add(-s.opt.AuditKeep), sweepBatch)
		}),
		s.inBatches(ctx, func(tx *store.Tx) (int64, error) {
			return tx.DeleteOldAuditWithoutUser(ctx, now.Add(-nobodyKept), sweepBatch)
		}),
	)
}
