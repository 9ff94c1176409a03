package store

import (
	"context"
	"time"
)

// User is a row of users.
type User struct {
	ID            string
	Name          string
	Email         string // as typed
	EmailKey      string // as compared; unique
	EmailVerified bool
	Language      string    // tag; empty: not known
	PasswordHash  string    // PHC string
	SuspendedAt   time.Time // zero: not suspended
	FlaskFrom     time.Time // only Flask cookies that were issued later are taken; zero: any
	CreatedAt     time.Time
}

const userColumns = `u.id, u.name, u.email, u.email_key, u.email_verified, u.language, u.password_hash, u.suspended_at, u.flask_from, u.created_at`

func (u *User) fields() []any {
	return []any{
		&u.ID, &u.Name, &u.Email, &u.EmailKey, &u.EmailVerified, &u.Language, &u.PasswordHash, instant{&u.SuspendedAt},
		instant{&u.FlaskFrom}, instant{&u.CreatedAt},
	}
}

// UserByID finds a user, or [ErrNotFound].
func (r reads) UserByID(ctx context.Context, id string) (User, error) {
	var u User
	err := r.q.QueryRowContext(ctx, `SELECT `+userColumns+` FROM users u WHERE u.id = $1`, id).Scan(u.fields()...)
	return u, r.classify(err)
}

// UserByEmailKey finds the user with that compared form of e-mail address, or
// [ErrNotFound].
func (r reads) UserByEmailKey(ctx context.Context, key string) (User, error) {
	var u User
	err := r.q.QueryRowContext(ctx, `SELECT `+userColumns+` FROM users u WHERE u.email_key = $1`, key).Scan(u.fields()...)
	return u, r.classify(err)
}

// UserWithPicture is a user and their picture.
type UserWithPicture struct {
	User    User
	Picture *Picture // name and versions; nil: none
}

// UsersByEmailKey lists users in the order of the compared form of their e-mail
// addresses, from one form (included) to another (not included), at most limit.
func (r reads) UsersByEmailKey(ctx context.Context, from, to string, limit int) ([]UserWithPicture, error) {
	type row struct {
		User
		nullPicture
	}
	rows, err := readAll(ctx, r, func(row *row) []any { return append(row.User.fields(), row.nullPicture.fields()...) },
		`SELECT `+userColumns+`, `+nullPictureColumns+` FROM users u LEFT JOIN pictures p ON p.user_id = u.id
			WHERE u.email_key >= $1 AND u.email_key < $2 ORDER BY u.email_key LIMIT $3`, from, to, limit)
	users := make([]UserWithPicture, len(rows))
	for i, row := range rows {
		users[i] = UserWithPicture{row.User, row.picture(row.ID)}
	}
	return users, err
}

// DeleteUser removes a user with their sessions, challenges, messages and the rows of their
// picture, or [ErrNotFound]. The caller lists the picture's files as orphans. No Flask cookie
// names another user who gets the id.
func (tx *Tx) DeleteUser(ctx context.Context, userID string) error {
	tx.changes(userID)
	if err := tx.ForgetImported(ctx, userID); err != nil {
		return err
	}
	for _, query := range []string{`DELETE FROM challenges WHERE user_id = $1`, `DELETE FROM outbox WHERE user_id = $1`} {
		if _, err := tx.exec(ctx, query, userID); err != nil {
			return err
		}
	}
	return tx.execOne(ctx, `DELETE FROM users WHERE id = $1`, userID)
}

// CreateUser adds a user: [ErrDuplicate] when the e-mail address or id is taken.
func (tx *Tx) CreateUser(ctx context.Context, u User) error {
	_, err := tx.exec(ctx, `INSERT INTO users (id, name, email, email_key, email_verified, language, password_hash, suspended_at, flask_from, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		u.ID, u.Name, u.Email, u.EmailKey, u.EmailVerified, u.Language, u.PasswordHash,
		nullMicros(u.SuspendedAt), nullMicros(u.FlaskFrom), micros(u.CreatedAt))
	return err
}

// SetName renames a user, or [ErrNotFound].
func (tx *Tx) SetName(ctx context.Context, userID, name string) error {
	tx.changes(userID)
	return tx.execOne(ctx, `UPDATE users SET name = $2 WHERE id = $1`, userID, name)
}

// SetLanguage changes the language of a user's mails and pages, or [ErrNotFound].
func (tx *Tx) SetLanguage(ctx context.Context, userID, language string) error {
	tx.changes(userID)
	return tx.execOne(ctx, `UPDATE users SET language = $2 WHERE id = $1`, userID, language)
}

// SetEmail changes a user's e-mail address: [ErrDuplicate] when another user has it,
// [ErrNotFound] when the user does not exist.
func (tx *Tx) SetEmail(ctx context.Context, userID, email, emailKey string, verified bool) error {
	tx.changes(userID)
	return tx.execOne(ctx, `UPDATE users SET email = $2, email_key = $3, email_verified = $4 WHERE id = $1`,
		userID, email, emailKey, verified)
}

// SetSuspended suspends a user from a time on, or no longer if it is zero:
// [ErrNotFound] when the user does not exist. The caller ends the user's sessions.
func (tx *Tx) SetSuspended(ctx context.Context, userID string, at time.Time) error {
	tx.changes(userID)
	return tx.execOne(ctx, `UPDATE users SET suspended_at = $2 WHERE id = $1`, userID, nullMicros(at))
}

// ReplacePasswordHash changes a user's hash from old to new: [ErrNotFound] when it is
// no longer old, because it was changed meanwhile.
func (tx *Tx) ReplacePasswordHash(ctx context.Context, userID, old, new string) error {
	return tx.execOne(ctx, `UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2`, userID, old, new)
}
