package account

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/cardea-accounts/cardea/internal/store"
)

// Session is a live session and whose it is.
type Session struct {
	ID   string
	User User
	// Memo is for the caller to keep what it made of the session, such as an answer
	// that is ready to be sent; it is gone when anything about the person changes.
	Memo *atomic.Value
}

// SessionInfo is a session as its owner sees it in the list.
type SessionInfo struct {
	ID         string
	CreatedAt  time.Time
	LastSeenAt time.Time // to the hour, see [Service.Authenticate]
	ExpiresAt  time.Time // if it is not used again
	IP         string
	UserAgent  string
	Current    bool
}

// maxUserAgent in bytes: enough to recognise a device by.
const maxUserAgent = 256

// newSession makes a session with a fresh token; it is not stored yet.
func (s *Service) newSession(userID string, from Client) (store.Session, Token) {
	token := newToken()
	now := s.opt.Now()
	return store.Session{
		ID: newID(), TokenHash: token.hash().bytes(), UserID: userID,
		CreatedAt: now, LastSeenAt: now,
		IP: from.address(), UserAgent: printable(from.UserAgent, maxUserAgent),
	}, token
}

// maxSessions is how many sessions one person has at most. Nobody has so many
// devices; a program that signs in anew each time, without end, would fill the disk.
const maxSessions = 1000

// replaceSession stores a new session, and ends the one that the client had and
// those seen longest ago where the person has too many: as a rule one, more only in
// a database from before there was a limit.
func replaceSession(ctx context.Context, tx *store.Tx, old Token, session store.Session, tell teller) error {
	if old != "" {
		userID, err := tx.DeleteSessionByTokenHash(ctx, old.hash().bytes())
		switch {
		case err == nil:
			tell(EventSessionReplaced, userID)
		case !errors.Is(err, store.ErrNotFound):
			return err
		}
	}
	surplus, err := tx.DeleteSessionsBeyond(ctx, session.UserID, maxSessions-1, sweepBatch)
	if err != nil {
		return err
	}
	if surplus > 0 {
		tell(EventSessionReplaced, session.UserID)
	}
	return tx.CreateSession(ctx, session)
}

// Authenticate finds the live session of a token. Error: not_logged_in.
//
// That a session is in use is written down once an hour (more often only when
// the idle limit is below 16 hours, so that it is kept to within a sixteenth).
func (s *Service) Authenticate(ctx context.Context, token Token) (Session, error) {
	if !token.WellFormed() {
		return Session{}, ErrNotLoggedIn
	}
	hash := token.hash()
	now := s.opt.Now()
	in := s.sessions.get(hash, now)
	if in == nil {
		var err error
		if in, err = s.sessions.load(ctx, hash); err != nil {
			return Session{}, outage(orElse(err, ErrNotLoggedIn))
		}
	}
	if s.expired(in.row, now) && s.expired(s.uses.latest(in.row), now) {
		s.dropExpired(ctx, token, now)
		return Session{}, ErrNotLoggedIn
	}
	if now.Sub(in.row.LastSeenAt) >= s.touchInterval() {
		s.touch(ctx, in.row, now)
	}
	return in.Session, nil
}

func (s *Service) expired(session store.Session, now time.Time) bool {
	return !now.Before(s.expiresAt(session))
}

// expiresAt is when a session expires, if it is not used again.
func (s *Service) expiresAt(session store.Session) time.Time {
	idle, oldest := session.LastSeenAt.Add(s.opt.SessionIdle), session.CreatedAt.Add(s.opt.SessionMax)
	if idle.Before(oldest) {
		return idle
	}
	return oldest
}

func (s *Service) touchInterval() time.Duration { return min(time.Hour, s.opt.SessionIdle/16) }

// asideWait bounds how long somebody who only reads waits for what is written down
// aside, such as while another process keeps the database locked.
const asideWait = 250 * time.Millisecond

// dropExpired removes a session that was found too old, so that it stays dead
// even if the clock is set back. The sweep would do it later.
func (s *Service) dropExpired(ctx context.Context, token Token, now time.Time) {
	ctx, cancel := context.WithTimeout(ctx, asideWait)
	defer cancel()
	err := s.db.Tx(ctx, func(tx *store.Tx) error {
		return tx.DeleteExpiredSession(ctx, token.hash().bytes(), now.Add(-s.opt.SessionIdle), now.Add(-s.opt.SessionMax))
	})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		s.opt.Log.WarnContext(ctx, "expired session not removed yet", "error", err)
	}
}

// Logout ends the session that the client presents, if it is live.
func (s *Service) Logout(ctx context.Context, from Client) error {
	if !from.Session.WellFormed() {
		return nil
	}
	err := s.acts(ctx, from, func(tx *store.Tx, tell teller) error {
		userID, err := tx.DeleteSessionByTokenHash(ctx, from.Session.hash().bytes())
		if err == nil {
			tell(EventLogout, userID)
		}
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return outage(err)
}

// Sessions lists the live sessions of the person whose session in is, the one seen last first.
func (s *Service) Sessions(ctx context.Context, in Session) ([]SessionInfo, error) {
	rows, err := s.db.SessionsOfUser(ctx, in.User.ID, maxSessions)
	if err != nil {
		return nil, outage(err)
	}
	for i, r := range rows {
		rows[i] = s.uses.latest(r)
	}
	slices.SortStableFunc(rows, func(a, b store.Session) int { return b.LastSeenAt.Compare(a.LastSeenAt) })
	now := s.opt.Now()
	list := make([]SessionInfo, 0, len(rows))
	for _, r := range rows {
		if s.expired(r, now) {
			continue
		}
		list = append(list, SessionInfo{
			ID: r.ID, CreatedAt: r.CreatedAt, LastSeenAt: r.LastSeenAt, ExpiresAt: s.expiresAt(r),
			IP: r.IP, UserAgent: r.UserAgent, Current: r.ID == in.ID,
		})
	}
	return list, nil
}

// EndSession ends one session of a person. Error: session_not_found, also for
// another person's session; too_many_changes.
func (s *Service) EndSession(ctx context.Context, user User, id string, from Client) error {
	if err := s.admitChange(ctx, user.ID); err != nil {
		return err
	}
	err := s.act(ctx, EventSessionsEnded, user.ID, from, func(tx *store.Tx) error { return tx.DeleteSession(ctx, user.ID, id) })
	return outage(orElse(err, ErrSessionNotFound))
}

// EndOtherSessions ends every session of a person but the given one, and returns
// how many. Error: too_many_changes.
func (s *Service) EndOtherSessions(ctx context.Context, in Session, from Client) (ended int64, err error) {
	if err := s.admitChange(ctx, in.User.ID); err != nil {
		return 0, err
	}
	return s.endSessions(ctx, in.User.ID, in.ID, from)
}

// endSessions ends every session of a person but the one with the id keep (empty:
// all). That none was there is no event.
func (s *Service) endSessions(ctx context.Context, userID, keep string, from Client) (ended int64, err error) {
	err = s.acts(ctx, from, func(tx *store.Tx, tell teller) (err error) {
		ended, err = tx.DeleteSessionsOfUser(ctx, userID, keep)
		if ended > 0 {
			tell(EventSessionsEnded, userID)
		}
		return err
	})
	return ended, outage(err)
}

// printable cuts foreign text to a number of bytes and drops what is not to be shown.
func printable(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if isControl(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
	for len(s) > limit {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}

// sweepSessions removes the sessions that are too old, which nobody can use any more.
func (s *Service) sweepSessions(ctx context.Context) error {
	if err := s.flushUses(ctx); err != nil {
		return err
	}
	now := s.opt.Now()
	return errors.Join(
		s.inBatches(ctx, func(tx *store.Tx) (int64, error) {
			return tx.DeleteIdleSessions(ctx, now.Add(-s.opt.SessionIdle), sweepBatch)
		}),
		s.inBatches(ctx, func(tx *store.Tx) (int64, error) {
			return tx.DeleteOldSessions(ctx, now.Add(-s.opt.SessionMax), sweepBatch)
		}),
	)
}

// inBatches repeats a deletion of at most sweepBatch rows until none are left; a
// transaction each, so that other writers get their turn.
func (s *Service) inBatches(ctx context.Context, remove func(*store.Tx) (int64, error)) error {
	for {
		var n int64
		err := s.db.Tx(ctx, func(tx *store.Tx) (err error) {
			n, err = remove(tx)
			return err
		})
		if err != nil || n < sweepBatch {
			return err
		}
	}
}
