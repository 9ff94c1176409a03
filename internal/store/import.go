package store

import "context"

// Import is a row of imports: what was brought in from elsewhere. It stays when the user is
// deleted, so that the user is not brought in again.
type Import struct {
	Key            []byte // SHA-256 of the source and of the id there
	UserID         string
	SourceHash     []byte // SHA-256 of what was read there
	StateHash      []byte // SHA-256 of the user as brought in
	PictureHash    []byte // SHA-256 of the picture's file there; empty: none was brought in
	PictureVersion string // of the picture as brought in; empty: none was
}

// ImportByKey finds what was brought in before, or [ErrNotFound].
func (r reads) ImportByKey(ctx context.Context, key []byte) (Import, error) {
	i := Import{Key: key}
	err := r.q.QueryRowContext(ctx, `SELECT user_id, source_hash, state_hash, picture_hash, picture_version FROM imports WHERE key = $1`, key).
		Scan(&i.UserID, &i.SourceHash, &i.StateHash, &i.PictureHash, &i.PictureVersion)
	return i, r.classify(err)
}

// SetImport notes what was brought in.
func (tx *Tx) SetImport(ctx context.Context, i Import) error {
	if i.PictureHash == nil {
		i.PictureHash = []byte{}
	}
	_, err := tx.exec(ctx, `INSERT INTO imports (key, user_id, source_hash, state_hash, picture_hash, picture_version)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (key) DO UPDATE SET source_hash = excluded.source_hash, state_hash = excluded.state_hash,
			picture_hash = excluded.picture_hash, picture_version = excluded.picture_version`,
		i.Key, i.UserID, i.SourceHash, i.StateHash, i.PictureHash, i.PictureVersion)
	return err
}

// KeepOldPictureName gives a user a name that the picture had before, for an import of what
// Cardea has exported.
func (tx *Tx) KeepOldPictureName(ctx context.Context, n OldPictureName) error {
	_, err := tx.exec(ctx, `INSERT INTO old_picture_names (user_id, name, used_at) VALUES ($1, $2, $3)`, n.UserID, n.Name, micros(n.UsedAt))
	return err
}

// RestoreAudit records an event as it was. An event that is there already stays.
func (tx *Tx) RestoreAudit(ctx context.Context, a Audit) error {
	_, err := tx.exec(ctx, `INSERT INTO audit (id, at, event, user_id, ip, request_id, count) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (id) DO NOTHING`, a.ID, micros(a.At), a.Event, a.UserID, a.IP, a.RequestID, a.Count)
	return err
}

// AddOldPictureName lets a name that a user's picture had elsewhere lead to the picture.
func (tx *Tx) AddOldPictureName(ctx context.Context, userID, name string) error {
	_, err := tx.exec(ctx, `INSERT INTO old_picture_names (user_id, name, used_at)
		SELECT user_id, $2, updated_at FROM pictures WHERE user_id = $1
		ON CONFLICT (user_id, name) DO UPDATE SET used_at = excluded.used_at`, userID, name)
	return err
}
