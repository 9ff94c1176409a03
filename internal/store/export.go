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
