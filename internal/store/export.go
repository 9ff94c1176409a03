package store

import (
	"context"
	"time"
)

// These queries read everything about the users from one id to another, both included, for
// an export.

// UsersAfter lists users in the order of their ids, those after an id, at most limit.
func (r reads) UsersAfter(ctx context.Context, id string, limit int) ([]User, error) {
	return readAll(ctx, r, (*User).fields, `SELECT `+userColumns+` FROM users u WHERE u.id > $1 ORDER BY u.id LIMIT $2`, id, limit)
}

// SessionsOfUsers lists sessions by user and id.
func (r reads) SessionsOfUsers(ctx context.Context, from, to string) ([]Session, error) {
	return readAll(ctx, r, (*Session).fields, `SELECT `+sessionColumns+` FROM sessions s
		WHERE s.user_id >= $1 AND s.user_id <= $2 ORDER BY s.user_id, s.id`, from, to)
}

// AuditOfUsers lists audit events by user, time and id.
func (r reads) AuditOfUsers(ctx context.Context, from, to string) ([]Audit, error) {
	return readAll(ctx, r, (*Audit).fields, `SELECT id, at, event, user_id, ip, request_id, count FROM audit
		WHERE user_id >= $1 AND user_id <= $2 ORDER BY user_id, at, id`, from, to)
}

// PicturesOfUsers lists pictures with their crops, by user.
func (r reads) PicturesOfUsers(ctx context.Context, from, to string) ([]Picture, error) {
	return r.pictures(ctx, `WHERE p.user_id >= $1 AND p.user_id <= $2 ORDER BY p.user_id, c.side`, from, to)
}

// ImportsOfUsers lists from where users were imported, by user and key.
func (r reads) ImportsOfUsers(ctx context.Context, from, to string) ([]Import, error) {
	return readAll(ctx, r, (*Import).fields, `SELECT `+importColumns+` FROM imports WHERE user_id >= $1 AND user_id <= $2
		ORDER BY user_id, key`, from, to)
}

// ImportsWithoutUser lists, by key, at most limit of the users who were imported and deleted
// since, those after a key.
func (r reads) ImportsWithoutUser(ctx context.Context, after []byte, limit int) ([]Import, error) {
	return readAll(ctx, r, (*Import).fields, `SELECT `+importColumns+` FROM imports WHERE key > $1
		AND NOT EXISTS (SELECT 1 FROM users WHERE id = imports.user_id) ORDER BY key LIMIT $2`, after, limit)
}

// FlaskCookie is a row of flask_cookies: a cookie of a Flask app that is not taken again.
type FlaskCookie struct {
	Hash      []byte
	ExpiresAt time.Time // when the row can be forgotten
}

// FlaskCookiesAfter lists cookies by hash, those after a hash, at most limit.
func (r reads) FlaskCookiesAfter(ctx context.Context, hash []byte, limit int) ([]FlaskCookie, error) {
	return readAll(ctx, r, func(c *FlaskCookie) []any { return []any{&c.Hash, instant{&c.ExpiresAt}} },
		`SELECT hash, expires_at FROM flask_cookies WHERE hash > $1 ORDER BY hash LIMIT $2`, hash, limit)
}

// OldPictureName is a row of old_picture_names.
type OldPictureName struct {
	UserID, Name string
	UsedAt       time.Time
}

// OldPictureNamesOfUsers lists the names that pictures had before, by user and name.
func (r reads) OldPictureNamesOfUsers(ctx context.Context, from, to string) ([]OldPictureName, error) {
	return readAll(ctx, r, func(n *OldPictureName) []any { return []any{&n.UserID, &n.Name, instant{&n.UsedAt}} },
		`SELECT user_id, name, used_at FROM old_picture_names WHERE user_id >= $1 AND user_id <= $2 ORDER BY user_id, name`, from, to)
}
