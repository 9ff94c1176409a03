package store

import (
	"context"
	"database/sql"
	"time"
)

// Picture is a row of pictures: a person's picture, whose bytes lie in the
// picture storage under Key.
type Picture struct {
	UserID      string
	Name        string // safe file name
	Key         string // unique
	ContentType string
	Version     string // names the content
	UpdatedAt   time.Time
}

const pictureColumns = `p.name, p.blob_key, p.content_type, p.version, p.updated_at`

// PictureOfUser finds a person's picture, or [ErrNotFound].
func (r reads) PictureOfUser(ctx context.Context, userID string) (Picture, error) {
	p := Picture{UserID: userID}
	err := r.q.QueryRowContext(ctx, `SELECT `+pictureColumns+` FROM pictures p WHERE p.user_id = $1`, userID).
		Scan(&p.Name, &p.Key, &p.ContentType, &p.Version, instant{&p.UpdatedAt})
	return p, r.classify(err)
}

// PictureByKey finds the picture whose bytes lie under a key, or [ErrNotFound].
func (r reads) PictureByKey(ctx context.Context, key string) (Picture, error) {
	var p Picture
	err := r.q.QueryRowContext(ctx, `SELECT p.user_id, `+pictureColumns+` FROM pictures p WHERE p.blob_key = $1`, key).Scan(p.fields()...)
	return p, r.classify(err)
}

// PicturesAfter lists pictures in the order of their users' ids, beginning
// behind one, at most limit.
func (r reads) PicturesAfter(ctx context.Context, userID string, limit int) ([]Picture, error) {
	rows, err := r.q.QueryContext(ctx, `SELECT p.user_id, `+pictureColumns+` FROM pictures p WHERE p.user_id > $1
		ORDER BY p.user_id LIMIT $2`, userID, limit)
	if err != nil {
		return nil, r.classify(err)
	}
	defer rows.Close()
	var list []Picture
	for rows.Next() {
		var p Picture
		if err := rows.Scan(p.fields()...); err != nil {
			return nil, r.classify(err)
		}
		list = append(list, p)
	}
	return list, r.classify(rows.Err())
}

func (p *Picture) fields() []any {
	return []any{&p.UserID, &p.Name, &p.Key, &p.ContentType, &p.Version, instant{&p.UpdatedAt}}
}

// SetPicture gives a person a picture in place of the one before, if any:
// [ErrNotFound] when the person is gone.
func (tx *Tx) SetPicture(ctx context.Context, p Picture) error {
	tx.changes(p.UserID)
	_, err := tx.exec(ctx, `INSERT INTO pictures (user_id, name, blob_key, content_type, version, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (user_id) DO UPDATE SET name = excluded.name, blob_key = excluded.blob_key,
			content_type = excluded.content_type, version = excluded.version, updated_at = excluded.updated_at`,
		p.UserID, p.Name, p.Key, p.ContentType, p.Version, micros(p.UpdatedAt))
	return err
}

// DeletePicture removes a person's picture row, or [ErrNotFound].
func (tx *Tx) DeletePicture(ctx context.Context, userID string) error {
	tx.changes(userID)
	return tx.execOne(ctx, `DELETE FROM pictures WHERE user_id = $1`, userID)
}

// nullPicture scans the picture's side of a left join.
type nullPicture struct {
	name, key, contentType, version sql.NullString
	updatedAt                       sql.NullInt64
}

func (n *nullPicture) fields() []any {
	return []any{&n.name, &n.key, &n.contentType, &n.version, &n.updatedAt}
}

func (n *nullPicture) picture(userID string) *Picture {
	if !n.key.Valid {
		return nil
	}
	return &Picture{
		UserID: userID, Name: n.name.String, Key: n.key.String, ContentType: n.contentType.String,
		Version: n.version.String, UpdatedAt: time.UnixMicro(n.updatedAt.Int64).UTC(),
	}
}
