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
	PasswordHash  string // PHC string
	CreatedAt     time.Time
}

const userColumns = `u.id, u.name, u.email, u.email_key, u.email_verified, u.password_hash, u.created_at`

func (u *User) fields() []any {
	return []any{&u.ID, &u.Name, &u.Email, &u.EmailKey, &u.EmailVerified, &u.PasswordHash, instant{&u.CreatedAt}}
}

// UserByID finds a person, or [ErrNotFound].
func (r reads) UserByID(ctx context.Context, id string) (User, error) {
	var u User
	err := r.q.QueryRowContext(ctx, `SELECT `+userColumns+` FROM users u WHERE u.id = $1`, id).Scan(u.fields()...)
	return u, r.classify(err)
}

// UserByEmailKey finds the person with that compared form of address, or [ErrNotFound].
func (r reads) UserByEmailKey(ctx context.Context, key string) (User, error) {
	var u User
	err := r.q.QueryRowContext(ctx, `SELECT `+userColumns+` FROM users u WHERE u.email_key = $1`, key).Scan(u.fields()...)
	return u, r.classify(err)
}

// UserWithPicture is a person and their picture.
type UserWithPicture struct {
	User    User
	Picture *Picture // name and versions; nil: none
}

// UsersByEmailKey lists people in the order of the compared form of their
// addresses, from one form (included) to another (not included), at most limit.
func (r reads) UsersByEmailKey(ctx context.Context, from, to string, limit int) ([]UserWithPicture, error) {
	rows, err := r.q.QueryContext(ctx, `SELECT `+userColumns+`, `+nullPictureColumns+`
		FROM users u LEFT JOIN pictures p ON p.user_id = u.id
		WHERE u.email_key >= $1 AND u.email_key < $2 ORDER BY u.email_key LIMIT $3`, from, to, limit)
	if err != nil {
		return nil, r.classify(err)
	}
	defer rows.Close()
	var list []UserWithPicture
	for rows.Next() {
		var u UserWithPicture
		var p nullPicture
		if err := rows.Scan(append(u.User.fields(), p.fields()...)...); err != nil {
			return nil, r.classify(err)
		}
		u.Picture = p.picture(u.User.ID)
		list = append(list, u)
	}
	return list, r.classify(rows.Err())
}

// DeleteUser removes a person with their sessions and the rows of their picture,
// or [ErrNotFound]. The picture's files are the caller's to orphan.
func (tx *Tx) DeleteUser(ctx context.Context, userID string) error {
	tx.changes(userID)
	return tx.execOne(ctx, `DELETE FROM users WHERE id = $1`, userID)
}

// CreateUser adds a person: [ErrDuplicate] when the address (or id) is taken.
func (tx *Tx) CreateUser(ctx context.Context, u User) error {
	_, err := tx.exec(ctx, `INSERT INTO users (id, name, email, email_key, email_verified, password_hash, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		u.ID, u.Name, u.Email, u.EmailKey, u.EmailVerified, u.PasswordHash, micros(u.CreatedAt))
	return err
}

// SetName renames a person, or [ErrNotFound].
func (tx *Tx) SetName(ctx context.Context, userID, name string) error {
	tx.changes(userID)
	return tx.execOne(ctx, `UPDATE users SET name = $2 WHERE id = $1`, userID, name)
}

// ReplacePasswordHash changes a person's hash from old to new: [ErrNotFound]
// when it is no longer old, because somebody else changed it meanwhile.
func (tx *Tx) ReplacePasswordHash(ctx context.Context, userID, old, new string) error {
	return tx.execOne(ctx, `UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2`, userID, old, new)
}
