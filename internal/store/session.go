package store

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Session is a row of sessions.
type Session struct {
	ID          string // public
	TokenHash   []byte // SHA-256 of the token; unique
	UserID      string
	CreatedAt   time.Time
	LastSeenAt  time.Time
	ConfirmedAt time.Time // when the password was given last
	IP          string
	UserAgent   string
}

// SignedIn is a session with what a request of its owner needs. It has no more columns
// than that, because it is the most frequent query.
type SignedIn struct {
	Session Session  // without token hash, address and user agent
	User    User     // without e-mail key, password hash and suspension
	Picture *Picture // name and versions; nil: none
}

// SessionByTokenHash finds a session, its owner and the owner's picture in one query, or
// [ErrNotFound]. It also finds expired sessions.
func (r reads) SessionByTokenHash(ctx context.Context, hash []byte) (SignedIn, error) {
	var found SignedIn
	var p nullPicture
	session, user := &found.Session, &found.User
	fields := []any{
		&session.ID, &session.UserID, instant{&session.CreatedAt}, instant{&session.LastSeenAt}, instant{&session.ConfirmedAt},
		&user.Name, &user.Email, &user.EmailVerified, &user.Language, instant{&user.FlaskFrom}, instant{&user.CreatedAt},
	}
	err := r.q.QueryRowContext(ctx, `SELECT s.id, s.user_id, s.created_at, s.last_seen_at, s.confirmed_at,
			u.name, u.email, u.email_verified, u.language, u.flask_from, u.created_at, `+nullPictureColumns+`
		FROM sessions s JOIN users u ON u.id = s.user_id LEFT JOIN pictures p ON p.user_id = u.id
		WHERE s.token_hash = $1`, hash).Scan(append(fields, p.fields()...)...)
	user.ID = session.UserID
	found.Picture = p.picture(user.ID)
	return found, r.classify(err)
}

// hashesAtOnce is how many hashes one query looks up. The text of the query is constant, so
// the last hash stands for those that are missing.
const hashesAtOnce = 60

var knownTokenHashes = func() string {
	places := make([]string, hashesAtOnce)
	for i := range places {
		places[i] = "$" + strconv.Itoa(i+1)
	}
	return `SELECT token_hash FROM sessions WHERE token_hash IN (` + strings.Join(places, ", ") + `)`
}()

// KnownTokenHashes tells which token hashes a session has.
func (r reads) KnownTokenHashes(ctx context.Context, hashes [][]byte) (map[string]bool, error) {
	known := map[string]bool{}
	for some := range slices.Chunk(hashes, hashesAtOnce) {
		args := make([]any, hashesAtOnce)
		for i := range args {
			args[i] = some[min(i, len(some)-1)]
		}
		found, err := readAll(ctx, r, column[[]byte], knownTokenHashes, args...)
		if err != nil {
			return nil, err
		}
		for _, hash := range found {
			known[string(hash)] = true
		}
	}
	return known, nil
}

const sessionColumns = `s.id, s.token_hash, s.user_id, s.created_at, s.last_seen_at, s.confirmed_at, s.ip, s.user_agent`

func (s *Session) fields() []any {
	return []any{
		&s.ID, &s.TokenHash, &s.UserID, instant{&s.CreatedAt}, instant{&s.LastSeenAt}, instant{&s.ConfirmedAt}, &s.IP, &s.UserAgent,
	}
}

// SessionsOfUser lists a user's sessions, the one seen last first, at most limit. It starts
// after the session with an id that was seen at a time; sessions of the same time are in
// the order of their ids. A zero time means from the first one on.
func (r reads) SessionsOfUser(ctx context.Context, userID string, seen time.Time, id string, limit int) ([]Session, error) {
	if seen.IsZero() {
		seen, id = time.UnixMicro(math.MaxInt64), ""
	}
	return readAll(ctx, r, (*Session).fields, `SELECT `+sessionColumns+` FROM sessions s
		WHERE s.user_id = $1 AND s.last_seen_at <= $2 AND (s.last_seen_at < $2 OR s.id > $3)
		ORDER BY s.last_seen_at DESC, s.id LIMIT $4`, userID, micros(seen), id, limit)
}

// SessionOfUser finds a session of a user, or [ErrNotFound].
func (r reads) SessionOfUser(ctx context.Context, userID, id string) (Session, error) {
	var s Session
	err := r.q.QueryRowContext(ctx, `SELECT `+sessionColumns+` FROM sessions s WHERE s.id = $1 AND s.user_id = $2`, id, userID).Scan(s.fields()...)
	return s, r.classify(err)
}

// CreateSession adds a session: [ErrNotFound] when its user does not exist.
func (tx *Tx) CreateSession(ctx context.Context, s Session) error {
	_, err := tx.exec(ctx, `INSERT INTO sessions (id, token_hash, user_id, created_at, last_seen_at, confirmed_at, ip, user_agent)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		s.ID, s.TokenHash, s.UserID, micros(s.CreatedAt), micros(s.LastSeenAt), micros(s.ConfirmedAt), s.IP, s.UserAgent)
	return err
}

// ConfirmSession notes that the password was given in a user's session: [ErrNotFound] when
// the user has no such session.
func (tx *Tx) ConfirmSession(ctx context.Context, userID, id string, at time.Time) error {
	tx.changes(userID)
	return tx.execOne(ctx, `UPDATE sessions SET confirmed_at = $3 WHERE id = $1 AND user_id = $2`, id, userID, micros(at))
}

// Use is the use of a session.
type Use struct {
	SessionID, UserID string
	At                time.Time
}

// usesAtOnce is how many uses one statement writes. Its text is constant, so the last use stands for
// those that are missing. A single use has a statement of its own.
const usesAtOnce = 100

var touchMany, touchOne = touch(usesAtOnce), touch(1)

func touch(n int) string {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = fmt.Sprintf("($%d, CAST($%d AS BIGINT))", 2*i+2, 2*i+3)
	}
	return `WITH used (id, at) AS (VALUES ` + strings.Join(rows, ", ") + `)
		UPDATE sessions SET last_seen_at = used.at FROM used WHERE sessions.id = used.id AND last_seen_at <= used.at - $1`
}

// TouchSessions updates when sessions were last seen. It leaves those that were seen less than an
// interval before their use, or after it.
func (tx *Tx) TouchSessions(ctx context.Context, uses []Use, interval time.Duration) error {
	for some := range slices.Chunk(uses, usesAtOnce) {
		query, n := touchMany, usesAtOnce
		if len(some) == 1 {
			query, n = touchOne, 1
		}
		args := []any{interval.Microseconds()}
		for i := range n {
			use := some[min(i, len(some)-1)]
			tx.changes(use.UserID)
			args = append(args, use.SessionID, micros(use.At))
		}
		if _, err := tx.exec(ctx, query, args...); err != nil {
			return err
		}
	}
	return nil
}

// RedateSession makes a session that is dated after now one of now. A password that was given
// after now counts as not given.
func (tx *Tx) RedateSession(ctx context.Context, userID, id string, now time.Time) error {
	tx.changes(userID)
	_, err := tx.exec(ctx, `UPDATE sessions SET
		created_at = CASE WHEN created_at > $2 THEN $2 ELSE created_at END,
		last_seen_at = CASE WHEN last_seen_at > $2 THEN $2 ELSE last_seen_at END,
		confirmed_at = CASE WHEN confirmed_at > $2 THEN 0 ELSE confirmed_at END WHERE id = $1`, id, micros(now))
	return err
}

// FutureSessions lists sessions that were created or last seen after now, at most limit of
// each.
func (r reads) FutureSessions(ctx context.Context, now time.Time, limit int) ([]Session, error) {
	created, err := readAll(ctx, r, (*Session).fields, `SELECT `+sessionColumns+` FROM sessions s
		WHERE s.created_at > $1 ORDER BY s.created_at LIMIT $2`, micros(now), limit)
	if err != nil {
		return nil, err
	}
	seen, err := readAll(ctx, r, (*Session).fields, `SELECT `+sessionColumns+` FROM sessions s
		WHERE s.last_seen_at > $1 ORDER BY s.last_seen_at LIMIT $2`, micros(now), limit)
	return append(created, seen...), err
}

// DeleteSessionByTokenHash ends the session with that token and returns its user:
// [ErrNotFound] if there is none.
func (tx *Tx) DeleteSessionByTokenHash(ctx context.Context, hash []byte) (userID string, err error) {
	err = tx.q.QueryRowContext(ctx, `DELETE FROM sessions WHERE token_hash = $1 RETURNING user_id`, hash).Scan(&userID)
	tx.changes(userID)
	return userID, tx.classify(err)
}

// DeleteExpiredSession ends the session with that token if it was last seen at or before
// one time, or created at or before the other: [ErrNotFound] if there is none.
func (tx *Tx) DeleteExpiredSession(ctx context.Context, hash []byte, seen, created time.Time) error {
	var userID string
	err := tx.q.QueryRowContext(ctx, `DELETE FROM sessions WHERE token_hash = $1 AND (last_seen_at <= $2 OR created_at <= $3) RETURNING user_id`,
		hash, micros(seen), micros(created)).Scan(&userID)
	tx.changes(userID)
	return tx.classify(err)
}

// DeleteSession ends one session of a user: [ErrNotFound] when the user has no such session.
func (tx *Tx) DeleteSession(ctx context.Context, userID, id string) error {
	tx.changes(userID)
	return tx.execOne(ctx, `DELETE FROM sessions WHERE id = $1 AND user_id = $2`, id, userID)
}

// DeleteSessionsOfUser ends all sessions of a user except the one with the id keep
// (empty: all), and returns how many. No Flask cookie that was issued until now is taken.
func (tx *Tx) DeleteSessionsOfUser(ctx context.Context, userID, keep string, now time.Time) (int64, error) {
	if err := tx.EndFlaskCookies(ctx, userID, now); err != nil {
		return 0, err
	}
	return tx.exec(ctx, `DELETE FROM sessions WHERE user_id = $1 AND id <> $2`, userID, keep)
}

// DeleteSessionsBeyond keeps the sessions of a user that were seen last, as many as keep,
// and ends at most limit of the others. It returns how many.
func (tx *Tx) DeleteSessionsBeyond(ctx context.Context, userID string, keep, limit int) (int64, error) {
	return tx.deleteSessions(ctx, `DELETE FROM sessions WHERE id IN
		(SELECT id FROM sessions WHERE user_id = $1 ORDER BY last_seen_at DESC LIMIT $3 OFFSET $2) RETURNING user_id`, userID, keep, limit)
}

// DeleteIdleSessions ends at most limit sessions last seen at or before a time, and
// returns how many.
func (tx *Tx) DeleteIdleSessions(ctx context.Context, seen time.Time, limit int) (int64, error) {
	return tx.deleteSessions(ctx, `DELETE FROM sessions WHERE id IN
		(SELECT id FROM sessions WHERE last_seen_at <= $1 ORDER BY last_seen_at LIMIT $2) RETURNING user_id`, micros(seen), limit)
}

// DeleteOldSessions ends at most limit sessions created at or before a time, and returns
// how many.
func (tx *Tx) DeleteOldSessions(ctx context.Context, created time.Time, limit int) (int64, error) {
	return tx.deleteSessions(ctx, `DELETE FROM sessions WHERE id IN
		(SELECT id FROM sessions WHERE created_at <= $1 ORDER BY created_at LIMIT $2) RETURNING user_id`, micros(created), limit)
}

// UsersWithSessions returns at most limit users who have a session.
func (r reads) UsersWithSessions(ctx context.Context, limit int) ([]string, error) {
	return readAll(ctx, r, column[string], `SELECT DISTINCT user_id FROM sessions ORDER BY user_id LIMIT $1`, limit)
}

// deleteSessions runs a statement that returns the users of the sessions it deletes.
func (tx *Tx) deleteSessions(ctx context.Context, query string, args ...any) (n int64, err error) {
	rows, err := tx.q.QueryContext(ctx, query, args...)
	if err != nil {
		return 0, tx.classify(err)
	}
	defer rows.Close()
	for ; rows.Next(); n++ {
		var userID string
		if err := rows.Scan(&userID); err != nil {
			return 0, tx.classify(err)
		}
		tx.changes(userID)
	}
	return n, tx.classify(rows.Err())
}
