package cardea

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/cardea-accounts/cardea/internal/flask"
	"github.com/cardea-accounts/cardea/internal/secret"
	"github.com/cardea-accounts/cardea/internal/session"
	"github.com/cardea-accounts/cardea/internal/store"
)

// maxFlaskFile bounds flask-secret-key-file, in bytes.
const maxFlaskFile = 64 << 10

// flaskKeys reads the keys of the Flask app.
func (c Config) flaskKeys() (flask.Keys, error) {
	if c.FlaskSecretKeyFile == "" {
		return flask.Keys{}, nil
	}
	keys, err := readFlaskKeys(c.FlaskSecretKeyFile)
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = fmt.Errorf("%w; create it with the SECRET_KEY of the Flask app", e.Err)
	}
	if err != nil {
		return flask.Keys{}, fmt.Errorf("flask-secret-key-file: %s cannot be used: %w", c.FlaskSecretKeyFile, err)
	}
	return keys, nil
}

func readFlaskKeys(path string) (flask.Keys, error) {
	file, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return flask.Keys{}, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	text, err := io.ReadAll(io.LimitReader(file, maxFlaskFile+1))
	if err != nil {
		return flask.Keys{}, err
	}
	if len(text) > maxFlaskFile {
		return flask.Keys{}, fmt.Errorf("it is larger than %d KiB; write a key a line into it, and nothing else", maxFlaskFile>>10)
	}
	return flask.ParseKeys(string(text))
}

// takeFlask says which cookies of the Flask app are accepted; nil: none.
func (s *Server) takeFlask(ctx context.Context, db *store.DB, app flask.Keys, keys secret.Keys) (*session.Flask, error) {
	if s.cfg.FlaskSecretKeyFile == "" {
		return nil, nil //nolint:nilnil // none is taken
	}
	since, err := flaskSince(ctx, db, s.cfg.Clock())
	if err != nil {
		return nil, fmt.Errorf("database: cannot note the first start with flask-secret-key-file: %w", err)
	}
	userKeys, err := flask.ParseUserKeys(s.cfg.FlaskUserKeys)
	if err != nil {
		return nil, err // validated
	}
	until := since.Add(flask.Lifetime)
	if last := s.cfg.FlaskUntil; !last.IsZero() {
		year, month, day := last.UTC().Date()
		until = time.Date(year, month, day+1, 0, 0, 0, 0, time.UTC)
	}
	if s.cfg.Clock().Before(until) {
		s.cfg.Log.InfoContext(ctx, "cookies of the Flask app are accepted", "until", until)
	} else {
		s.cfg.Log.WarnContext(ctx, "no cookie of the Flask app is accepted any more: leave flask-secret-key-file out, or set flask-until", "until", until)
	}
	if app.IsWeak() {
		s.cfg.Log.WarnContext(ctx, "a key in flask-secret-key-file is shorter than 16 bytes: whoever guesses it can sign in as any user; "+
			"with such a key, let users sign in again instead", "file", s.cfg.FlaskSecretKeyFile)
	}
	return &session.Flask{
		Keys: app, UserKeys: userKeys, MaxAge: s.cfg.FlaskMaxAge, Until: until, Tokens: keys.Sub(secret.FlaskSessions),
		VerifiesFirst: s.cfg.EmailVerification == "required",
	}, nil
}

func checkUserKeys(text string) error {
	_, err := flask.ParseUserKeys(text)
	return err
}

// takenFlaskCookie is the name of the app's cookies that are taken; empty: none are.
func (c Config) takenFlaskCookie() string {
	if c.FlaskSecretKeyFile == "" {
		return ""
	}
	return c.FlaskCookieName
}

// flaskSince returns when the server was first started with keys of a Flask app. A time in
// the future was noted while the clock was wrong.
func flaskSince(ctx context.Context, db *store.DB, now time.Time) (time.Time, error) {
	since, err := db.MarkedAt(ctx, store.FlaskSince)
	if err == nil && !since.After(now) {
		return since, nil
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return time.Time{}, err
	}
	return now, db.Tx(ctx, func(tx *store.Tx) error { return tx.SetMark(ctx, store.FlaskSince, now) })
}
