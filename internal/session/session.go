// Package session starts, finds, lists and ends sessions.
//
// Nearly every request calls [Service.Find]. So live sessions are kept in memory
// (cache.go), and their last use is written in the background (use.go).
package session

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/text"
	"github.com/cardea-accounts/cardea/internal/token"
	"github.com/cardea-accounts/cardea/internal/user"
)

// Options are the settings of a [Service]. All are required except IsSettled and Flask.
type Options struct {
	Idle  time.Duration // a session that is not used expires after this
	Max   time.Duration // every session expires after this
	Cache int           // sessions kept in memory, at most
	// PerUser is how many sessions a user has at most. A program that signs in anew each
	// time would fill the disk.
	PerUser int
	Now     func() time.Time
	// IsSettled reports whether the time can be trusted enough to delete what expired, or to
	// change what is dated in the future. Nil: always.
	IsSettled func() bool
	Flask     *Flask // nil: no cookie of a Flask app is taken
	Log       *slog.Logger
}

// Service owns the sessions. Its methods may be called from any goroutine.
type Service struct {
	opt    Options
	db     *store.DB
	audit  *guard.Audit
	limits *guard.Limits
	cache  *liveCache
	uses   uses
	flask  flaskCounts
}

// New returns a service. watch says whether cached sessions may be served.
func New(db *store.DB, watch *store.Watch, audit *guard.Audit, limits *guard.Limits, opt Options) *Service {
	if opt.IsSettled == nil {
		opt.IsSettled = func() bool { return true }
	}
	return &Service{opt: opt, db: db, audit: audit, limits: limits, cache: newCache(db, watch, opt.Cache), flask: newFlaskCounts()}
}

// Session is a live session and its user.
type Session struct {
	ID   string
	User user.User
	// ConfirmedAt is when the password was given last, see [Service.IsRecent].
	ConfirmedAt time.Time
	// Memo lets the caller keep a value with the session, such as an encoded answer. It
	// is dropped when anything about the user changes.
	Memo *atomic.Value

	flaskFrom time.Time // see store.User
}

// SignIn has the values that the client keeps in cookies after a user has signed in.
type SignIn struct {
	Session token.Token
	Device  guard.Device // empty: none
}

const (
	// maxUserAgent in bytes is enough to recognise a device.
	maxUserAgent = 256
	// pageSize is how many sessions a page of the list has.
	pageSize = 50
	// recently is how long a session is recent after the password was given.
	recently = 5 * time.Minute
	// detour bounds how long a request that only reads may wait to write, for instance
	// while another process holds the database lock.
	detour = 250 * time.Millisecond
)

// Fresh is a session that is not stored yet.
type Fresh struct {
	Token token.Token
	row   store.Session
}

// Prepare makes a session with a fresh token, so no token from before a login survives
// it (session fixation). [Service.Replace] or [Service.ReplaceAll] stores it.
func (s *Service) Prepare(userID string, client guard.Client) Fresh {
	return s.prepare(userID, token.New(), client)
}

func (s *Service) prepare(userID string, fresh token.Token, client guard.Client) Fresh {
	now, hash := store.Stored(s.opt.Now()), fresh.Hash()
	return Fresh{fresh, store.Session{
		ID: token.ID(), TokenHash: hash[:], UserID: userID, CreatedAt: now, LastSeenAt: now, ConfirmedAt: now,
		IP: client.Address(), UserAgent: text.Printable(client.UserAgent, maxUserAgent),
	}}
}

// Replace stores a session. It ends those that the client presented, and the least
// recently used ones if the user has too many.
func (s *Service) Replace(ctx context.Context, tx *store.Tx, client guard.Client, fresh Fresh, report guard.Report) error {
	if err := end(ctx, tx, client.Sessions(), guard.EventSessionReplaced, report); err != nil {
		return err
	}
	if err := s.endFlask(ctx, tx, s.flaskCookies(client), guard.EventSessionReplaced, report); err != nil {
		return err
	}
	return s.add(ctx, tx, fresh, report)
}

// add stores a session, and ends the least recently used ones if the user has too many.
func (s *Service) add(ctx context.Context, tx *store.Tx, fresh Fresh, report guard.Report) error {
	surplus, err := tx.DeleteSessionsBeyond(ctx, fresh.row.UserID, s.opt.PerUser-1, guard.SweepBatch)
	if err != nil {
		return err
	}
	if surplus > 0 {
		report(guard.EventSessionReplaced, fresh.row.UserID)
	}
	return tx.CreateSession(ctx, fresh.row)
}

// ReplaceAll stores a session in place of all others of its user. Error: not_logged_in,
// if the session that the client presented has ended meanwhile.
func (s *Service) ReplaceAll(ctx context.Context, tx *store.Tx, presented token.Token, fresh Fresh) error {
	hash := presented.Hash()
	if _, err := tx.SessionByTokenHash(ctx, hash[:]); err != nil {
		return guard.IfNotFound(err, guard.ErrNotLoggedIn)
	}
	if _, err := tx.DeleteSessionsOfUser(ctx, fresh.row.UserID, "", s.opt.Now()); err != nil {
		return err
	}
	return tx.CreateSession(ctx, fresh.row)
}

// Find returns the live session of a token. Callers share it, so it must not be changed.
// Error: not_logged_in.
//
// Last-seen is updated at most hourly. That is enough to find idle sessions. If the idle
// limit is below 16 hours, it is updated every sixteenth of the limit.
func (s *Service) Find(ctx context.Context, t token.Token) (*Session, error) {
	if !t.IsWellFormed() {
		return nil, guard.ErrNotLoggedIn
	}
	hash := t.Hash()
	now := s.opt.Now()
	found := s.cache.get(hash, now)
	if found == nil {
		var err error
		if found, err = s.cache.load(ctx, hash); err != nil {
			return nil, guard.PublicError(guard.IfNotFound(err, guard.ErrNotLoggedIn))
		}
	}
	if s.isExpired(found.row, now) && s.isExpired(s.uses.latest(found.row), now) {
		s.dropExpired(ctx, hash, now)
		return nil, guard.ErrNotLoggedIn
	}
	if found.row.CreatedAt.After(now) || found.row.LastSeenAt.After(now) || found.ConfirmedAt.After(now) {
		s.redate(ctx, found.row, now)
	}
	if now.Sub(found.row.LastSeenAt) >= s.touchInterval() {
		s.touch(ctx, found.row, now)
	}
	return &found.Session, nil
}

func (s *Service) isExpired(row store.Session, now time.Time) bool { return !now.Before(s.expiry(row)) }

// expiry is when a session expires if it is not used again.
func (s *Service) expiry(row store.Session) time.Time {
	idle, oldest := row.LastSeenAt.Add(s.opt.Idle), row.CreatedAt.Add(s.opt.Max)
	if idle.Before(oldest) {
		return idle
	}
	return oldest
}

// dropExpired deletes a session that was found expired, so it stays dead even if the
// clock is set back. Otherwise the sweep would delete it later. If the clock has just been
// set, the session is kept: the time may be wrong.
func (s *Service) dropExpired(ctx context.Context, hash token.Hash, now time.Time) {
	if !s.opt.IsSettled() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, detour)
	defer cancel()
	err := s.db.Tx(ctx, func(tx *store.Tx) error {
		return tx.DeleteExpiredSession(ctx, hash[:], now.Add(-s.opt.Idle), now.Add(-s.opt.Max))
	})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		s.opt.Log.WarnContext(ctx, "expired session not deleted yet", "error", err)
	}
}

// redate makes a session that is dated in the future one of now. It was made before the
// clock was set back, and would outlive its limits. A last use that is only a moment ahead
// is one of another request at the same time.
func (s *Service) redate(ctx context.Context, row store.Session, now time.Time) {
	ahead := max(row.CreatedAt.Sub(now), row.LastSeenAt.Sub(now), row.ConfirmedAt.Sub(now))
	if ahead < redateFrom || !s.opt.IsSettled() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, detour)
	defer cancel()
	if err := s.db.Tx(ctx, func(tx *store.Tx) error { return tx.RedateSession(ctx, row.UserID, row.ID, now) }); err != nil {
		s.opt.Log.WarnContext(ctx, "date of a session in the future not corrected yet", "error", err)
	}
}

// redateFrom is how far in the future a date must be to be corrected.
const redateFrom = time.Second

// Stored returns those of some tokens that a session has, in their order. The session may
// have expired.
func (s *Service) Stored(ctx context.Context, tokens []token.Token) ([]token.Token, error) {
	hashes := make([][]byte, 0, len(tokens))
	for _, t := range tokens {
		hash := t.Hash()
		hashes = append(hashes, hash[:])
	}
	known, err := s.db.KnownTokenHashes(ctx, hashes)
	if err != nil {
		return nil, guard.PublicError(err)
	}
	stored := make([]token.Token, 0, len(known))
	for i, t := range tokens {
		if known[string(hashes[i])] {
			stored = append(stored, t)
			delete(known, string(hashes[i])) // a browser may send it twice
		}
	}
	return stored, nil
}

// IsRecent reports whether the password was given in a session in the last five minutes:
// at a login, a registration or a [Service.Confirm]. A time in the future does not count,
// because the clock may have been set back.
func (s *Service) IsRecent(in *Session) bool {
	age := s.opt.Now().Sub(in.ConfirmedAt)
	return age >= 0 && age < recently
}

// Confirm makes a session recent. Error: not_logged_in, if it has ended meanwhile.
func (s *Service) Confirm(ctx context.Context, tx *store.Tx, in *Session) error {
	err := tx.ConfirmSession(ctx, in.User.ID, in.ID, s.opt.Now())
	return guard.IfNotFound(err, guard.ErrNotLoggedIn)
}
