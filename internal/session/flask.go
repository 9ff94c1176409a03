package session

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/cardea-accounts/cardea/internal/flask"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/rarely"
	"github.com/cardea-accounts/cardea/internal/secret"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/token"
)

// A valid cookie of a Flask app is taken once, in exchange for a session. The token of the
// session is derived from the cookie, so all requests that present the cookie get the same
// one, and the token is stored nowhere. The cookie stands for that session from then on. It
// is never taken again: it ends with the session.

// Flask says which cookies of a Flask app are taken.
type Flask struct {
	Keys     flask.Keys
	UserKeys []string      // the keys of the app's session that name its user
	MaxAge   time.Duration // none is taken that was issued longer ago; at most [flask.Lifetime]
	Until    time.Time     // none is taken from then on
	// Tokens derive the tokens of sessions from cookies.
	Tokens secret.Sub
	// VerifiesFirst: cookies of users whose address is not verified are not taken.
	VerifiesFirst bool
}

// refusal says why a Flask cookie is not taken. It is the label of a metric.
type refusal string

// The refusals, and flaskTaken for those that were taken.
const (
	flaskTaken   = "taken"
	flaskForged  = refusal("forged")  // changed, cut, or of another app
	flaskExpired = refusal("expired") // too old, from the future, or after the end date
	flaskEnded   = refusal("ended")   // the user has signed out, or ended all sessions
	flaskUnknown = refusal("unknown") // it names no user who was imported
	flaskBarred  = refusal("barred")  // the user is suspended, or not verified
)

func (r refusal) Error() string { return "flask cookie refused: " + string(r) }

// noteKeep is how much longer than the cookie the note that it was taken is kept, in case
// the clock is set back a little.
const noteKeep = 24 * time.Hour

// flaskCounts counts cookies by what became of them.
type flaskCounts struct {
	notes  *rarely.Gate[struct{}]
	mu     sync.Mutex
	counts map[string]int64
}

func newFlaskCounts() flaskCounts {
	return flaskCounts{notes: rarely.NewGate[struct{}](time.Hour, 1), counts: map[string]int64{}}
}

func (c *flaskCounts) add(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[what]++
}

// FlaskFigures returns how many Flask cookies were taken (taken), and how many were refused
// for which reason.
func (s *Service) FlaskFigures() map[string]int64 {
	s.flask.mu.Lock()
	defer s.flask.mu.Unlock()
	return maps.Clone(s.flask.counts)
}

// Exchange returns the live session that a Flask cookie stands for, with its token. The
// first time, it makes the session. It is for services with Options.Flask. Errors:
// not_logged_in, too_many_changes.
func (s *Service) Exchange(ctx context.Context, value token.Token, client guard.Client) (token.Token, *Session, error) {
	cookie, err := s.openFlask(value)
	if err == nil {
		t, in, found := s.findFlask(ctx, cookie)
		if !errors.Is(found, guard.ErrNotLoggedIn) {
			return t, in, found
		}
		err = s.exchange(ctx, cookie, client)
	}
	if err == nil || errors.Is(err, flaskEnded) { // or just taken by another request
		t, in, found := s.findFlask(ctx, cookie)
		if !errors.Is(found, guard.ErrNotLoggedIn) {
			return t, in, found
		}
		err = flaskEnded
	}
	refused, ok := errors.AsType[refusal](err)
	if !ok {
		return "", nil, guard.PublicError(err)
	}
	s.countFlask(ctx, string(refused))
	return "", nil, guard.ErrNotLoggedIn
}

// countFlask counts what became of a cookie. A wrong key would go unnoticed otherwise, so the
// log tells of forged ones, once an hour.
func (s *Service) countFlask(ctx context.Context, what string) {
	s.flask.add(what)
	if what == string(flaskForged) && s.flask.notes.Pass(struct{}{}, s.opt.Now()) {
		s.opt.Log.WarnContext(ctx, "a cookie has the form of Flask's, but no key in flask-secret-key-file has signed it: it is forged, or of another app, or a key is missing")
	}
}

// openFlask verifies a cookie and its age. It reads nothing from the database.
func (s *Service) openFlask(value token.Token) (flask.Cookie, error) {
	cookie, err := s.opt.Flask.Keys.Open(string(value))
	if err != nil {
		return cookie, flaskForged
	}
	now := s.opt.Now()
	if age := now.Sub(cookie.IssuedAt); age < 0 || age > s.opt.Flask.MaxAge || !now.Before(s.opt.Flask.Until) {
		return cookie, flaskExpired
	}
	return cookie, nil
}

// flaskTokens returns the token of a cookie's session and, after a rotation of secret.key,
// those that older keys gave it. They depend on the signature, which is not in the database: a
// thief of database and secret.key cannot derive them.
func (s *Service) flaskTokens(cookie flask.Cookie) []token.Token {
	var tokens []token.Token
	for _, mac := range s.opt.Flask.Tokens.MACs([]byte(cookie.Text())) {
		tokens = append(tokens, token.Derived(mac))
	}
	return tokens
}

// findFlask finds the session that a cookie was exchanged for. Error: not_logged_in.
func (s *Service) findFlask(ctx context.Context, cookie flask.Cookie) (token.Token, *Session, error) {
	for _, t := range s.flaskTokens(cookie) {
		in, err := s.Find(ctx, t)
		switch {
		case err == nil && cookie.IssuedAt.After(in.flaskFrom):
			return t, in, nil
		case err != nil && !errors.Is(err, guard.ErrNotLoggedIn):
			return "", nil, err
		}
	}
	return "", nil, guard.ErrNotLoggedIn
}

// exchange makes the session of a cookie. Errors: a refusal; too_many_changes.
func (s *Service) exchange(ctx context.Context, cookie flask.Cookie, client guard.Client) error {
	wasTaken, err := s.db.HasFlaskCookie(ctx, cookie.ID[:])
	if err != nil {
		return err
	}
	if wasTaken {
		return flaskEnded
	}
	userID, err := s.flaskUser(ctx, s.db, cookie)
	if err != nil {
		return err
	}
	if err := s.limits.AdmitChange(userID); err != nil {
		return err
	}
	fresh := s.prepare(userID, s.flaskTokens(cookie)[0], client)
	fresh.row.ConfirmedAt = time.UnixMicro(0) // no password was given
	err = s.audit.Transact(ctx, client, func(tx *store.Tx, report guard.Report) error {
		if _, err := s.flaskUser(ctx, tx, cookie); err != nil {
			return err
		}
		isNew, err := tx.AddFlaskCookie(ctx, cookie.ID[:], cookie.IssuedAt.Add(flask.Lifetime+noteKeep))
		if err != nil {
			return err
		}
		if !isNew {
			return flaskEnded
		}
		report(guard.EventLoginByFlask, userID)
		return s.add(ctx, tx, fresh, report)
	})
	if err == nil {
		s.countFlask(ctx, flaskTaken)
	}
	return err
}

// flaskReads are the queries of [Service.flaskUser].
type flaskReads interface {
	UserByID(ctx context.Context, id string) (store.User, error)
	ImportByKey(ctx context.Context, key []byte) (store.Import, error)
	ImportByEmail(ctx context.Context, emailHash []byte) (store.Import, error)
	MarkedAt(ctx context.Context, mark store.Mark) (time.Time, error)
}

// flaskUser returns the id of the user whom a cookie names, if the cookie may still be taken.
// Flask's times are whole seconds. So a cookie of the second in which all cookies were ended
// counts as issued before.
func (s *Service) flaskUser(ctx context.Context, db flaskReads, cookie flask.Cookie) (string, error) {
	userID, err := s.importedUser(ctx, db, cookie)
	if err != nil {
		return "", err
	}
	row, err := db.UserByID(ctx, userID)
	if errors.Is(err, store.ErrNotFound) {
		return "", flaskUnknown
	}
	if err != nil {
		return "", err
	}
	from, err := db.MarkedAt(ctx, store.FlaskFrom)
	switch {
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return "", err
	case !cookie.IssuedAt.After(from), !cookie.IssuedAt.After(row.FlaskFrom):
		return "", flaskEnded
	case !row.SuspendedAt.IsZero(), s.opt.Flask.VerifiesFirst && !row.EmailVerified:
		return "", flaskBarred
	}
	return row.ID, nil
}

// importedUser returns the id here of the user whom a cookie names: who was imported from its
// app, under exactly these names. Nobody else is found: ids and addresses of other users mean
// nothing to the app, and it may compare addresses in another way.
func (s *Service) importedUser(ctx context.Context, db flaskReads, cookie flask.Cookie) (userID string, err error) {
	names, err := cookie.Names(s.opt.Flask.UserKeys)
	if err != nil {
		return "", flaskUnknown
	}
	for _, name := range names {
		var row store.Import
		if name.IsEmail {
			row, err = db.ImportByEmail(ctx, store.ImportedEmail(cookie.Source, name.Text))
		} else {
			row, err = db.ImportByKey(ctx, store.ImportedID(cookie.Source, name.Text))
		}
		switch {
		case err != nil && !errors.Is(err, store.ErrNotFound):
			return "", err
		case err != nil, !name.IsEmail && row.IDRefused, userID != "" && userID != row.UserID:
			return "", flaskUnknown
		}
		userID = row.UserID
	}
	return userID, nil
}

// flaskCookies verifies the cookies that a client presents. Those that would not be taken are
// left out.
func (s *Service) flaskCookies(client guard.Client) (cookies []flask.Cookie) {
	if s.opt.Flask == nil {
		return nil
	}
	for _, value := range client.FlaskCookies {
		if cookie, err := s.openFlask(value); err == nil {
			cookies = append(cookies, cookie)
		}
	}
	return cookies
}

// endFlask ends Flask cookies with their sessions, and reports an event for each that would
// have been taken otherwise.
func (s *Service) endFlask(ctx context.Context, tx *store.Tx, cookies []flask.Cookie, event guard.Event, report guard.Report) error {
	for _, cookie := range cookies {
		if err := end(ctx, tx, s.flaskTokens(cookie), event, report); err != nil {
			return err
		}
		isNew, err := tx.AddFlaskCookie(ctx, cookie.ID[:], cookie.IssuedAt.Add(flask.Lifetime+noteKeep))
		if err != nil {
			return err
		}
		if !isNew {
			continue
		}
		userID, err := s.flaskUser(ctx, tx, cookie)
		if err == nil {
			report(event, userID)
		} else if _, ok := errors.AsType[refusal](err); !ok {
			return err
		}
	}
	return nil
}
