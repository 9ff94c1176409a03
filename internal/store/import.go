package store

import (
	"context"
	"crypto/sha256"
	"errors"
)

// Import is a row of imports: what was brought in from elsewhere. It stays when the user is
// deleted, so that the user is not brought in again.
type Import struct {
	Key            []byte // [ImportedID]; of rows without an id, made of the address
	Source         []byte // [Sum] of the name of the source
	EmailHash      []byte // [ImportedEmail]; empty: no Flask cookie names the user by address
	IDRefused      bool   // no Flask cookie names the user by id: somebody else may have it there
	UserID         string
	Run            string // the last import that met the user there
	Name           []byte // [Sum] of the name as brought in
	Email          []byte // of the address as brought in; empty: see [Import.IsForgotten]
	Password       []byte // of the password hash as brought in
	PasswordHere   []byte // of the hash that a sign-in made of it; else the same
	IsSuspended    bool   // by the import
	PictureHash    []byte // SHA-256 of the picture's file there; empty: none was brought in
	PictureVersion string // of the picture as brought in; empty: none was
}

// IsForgotten reports whether the user here is not the one who was brought in: that one was
// deleted, or somebody else has registered with the address.
func (i Import) IsForgotten() bool { return len(i.Email) == 0 }

// Sum names a text in imports: its SHA-256, because the row stays when the user is deleted.
func Sum(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// ImportedID names a row of a source by its id there.
func ImportedID(source, id string) []byte { return Sum(source + "\x00id:" + id) }

// ImportedEmail names a row of a source by its address there, byte for byte.
func ImportedEmail(source, email string) []byte { return Sum(source + "\x00address:" + email) }

const importColumns = `key, source, email_hash, id_refused, user_id, run, name, email, password, password_here, is_suspended,
	picture_hash, picture_version`

func (i *Import) fields() []any {
	return []any{
		&i.Key, &i.Source, &i.EmailHash, &i.IDRefused, &i.UserID, &i.Run, &i.Name, &i.Email, &i.Password, &i.PasswordHere, &i.IsSuspended,
		&i.PictureHash, &i.PictureVersion,
	}
}

// ImportByKey finds what was brought in before, or [ErrNotFound].
func (r reads) ImportByKey(ctx context.Context, key []byte) (i Import, err error) {
	err = r.q.QueryRowContext(ctx, `SELECT `+importColumns+` FROM imports WHERE key = $1`, key).Scan(i.fields()...)
	return i, r.classify(err)
}

// ImportByEmail finds who was brought in with an address, or [ErrNotFound].
func (r reads) ImportByEmail(ctx context.Context, emailHash []byte) (i Import, err error) {
	err = r.q.QueryRowContext(ctx, `SELECT `+importColumns+` FROM imports WHERE email_hash = $1`, emailHash).Scan(i.fields()...)
	return i, r.classify(err)
}

// ImportsMissed lists users of a source that an import has not met, with a key after a given
// one and in the order of the keys.
func (r reads) ImportsMissed(ctx context.Context, source []byte, run string, after []byte, limit int) ([]Import, error) {
	return readAll(ctx, r, (*Import).fields, `SELECT `+importColumns+` FROM imports
		WHERE key > $1 AND source = $2 AND run <> $3 ORDER BY key LIMIT $4`, after, source, run, limit)
}

// CountImports counts the users of a source who were brought in and not suspended by that, and
// those of them whom an import has not met.
func (r reads) CountImports(ctx context.Context, source []byte, run string) (all, missed int64, err error) {
	err = r.q.QueryRowContext(ctx, `SELECT count(*), count(CASE WHEN run <> $2 THEN 1 END) FROM imports
		WHERE source = $1 AND is_suspended = 0 AND length(email) > 0`, source, run).Scan(&all, &missed)
	return all, missed, r.classify(err)
}

// SetImport notes what was brought in. The address is that row's alone from then on. What was
// refused stays so: an id, and an address that is nobody's any more, unless another address was
// brought in.
func (tx *Tx) SetImport(ctx context.Context, i Import) error {
	if _, err := tx.exec(ctx, `UPDATE imports SET email_hash = NULL WHERE email_hash = $1 AND key <> $2`, i.EmailHash, i.Key); err != nil {
		return err
	}
	return tx.addImport(ctx, i, `run = excluded.run, name = excluded.name, email = excluded.email, password = excluded.password,
		password_here = excluded.password_here, is_suspended = excluded.is_suspended,
		picture_hash = excluded.picture_hash, picture_version = excluded.picture_version,
		email_hash = CASE WHEN imports.email_hash IS NOT NULL OR imports.email <> excluded.email THEN excluded.email_hash END`)
}

// RestoreImport notes what was brought in elsewhere, for an import of what Cardea has exported.
// What was noted here before stays. Whatever either of both refuses is refused.
func (tx *Tx) RestoreImport(ctx context.Context, i Import) error {
	switch now, err := tx.ImportByEmail(ctx, i.EmailHash); {
	case err == nil && string(now.Key) != string(i.Key):
		i.EmailHash = nil
	case err != nil && !errors.Is(err, ErrNotFound):
		return err
	}
	return tx.addImport(ctx, i, `id_refused = CASE WHEN excluded.id_refused = 1 THEN 1 ELSE imports.id_refused END,
		email = CASE WHEN length(excluded.email) = 0 THEN excluded.email ELSE imports.email END,
		email_hash = CASE WHEN excluded.email_hash IS NOT NULL THEN imports.email_hash END`)
}

func (tx *Tx) addImport(ctx context.Context, i Import, update string) error {
	for _, blob := range []*[]byte{&i.Name, &i.Email, &i.Password, &i.PasswordHere, &i.PictureHash} {
		if *blob == nil {
			*blob = []byte{}
		}
	}
	_, err := tx.exec(ctx, `INSERT INTO imports (`+importColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		ON CONFLICT (key) DO UPDATE SET `+update,
		i.Key, i.Source, i.EmailHash, i.IDRefused, i.UserID, i.Run, i.Name, i.Email, i.Password, i.PasswordHere, i.IsSuspended,
		i.PictureHash, i.PictureVersion)
	return err
}

// DeleteImport forgets what was brought in, unless it refuses Flask cookies.
func (tx *Tx) DeleteImport(ctx context.Context, key []byte) error {
	_, err := tx.exec(ctx, `DELETE FROM imports WHERE key = $1 AND id_refused = 0`, key)
	return err
}

// RefuseImportedID refuses Flask cookies that name a user by the id of a row.
func (tx *Tx) RefuseImportedID(ctx context.Context, key []byte) error {
	_, err := tx.exec(ctx, `UPDATE imports SET id_refused = 1 WHERE key = $1`, key)
	return err
}

// RefuseImportedEmail refuses Flask cookies that name a user by the address of a row.
func (tx *Tx) RefuseImportedEmail(ctx context.Context, key []byte) error {
	_, err := tx.exec(ctx, `UPDATE imports SET email_hash = NULL WHERE key = $1`, key)
	return err
}

// ForgetImported refuses all Flask cookies that name a user, for good, and ends what imports do
// to the user.
func (tx *Tx) ForgetImported(ctx context.Context, userID string) error {
	_, err := tx.exec(ctx, `UPDATE imports SET email_hash = NULL, email = $2, id_refused = 1 WHERE user_id = $1`, userID, []byte{})
	return err
}

// UpgradePasswordHash is [Tx.ReplacePasswordHash] for the same password. An import does not
// take it for a change by the user.
func (tx *Tx) UpgradePasswordHash(ctx context.Context, userID, old, new string) error {
	if err := tx.ReplacePasswordHash(ctx, userID, old, new); err != nil || old == new {
		return err
	}
	_, err := tx.exec(ctx, `UPDATE imports SET password_here = $3 WHERE user_id = $1 AND password_here = $2`, userID, Sum(old), Sum(new))
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
