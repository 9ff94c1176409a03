package importer

import (
	"bytes"
	"context"
	"errors"

	"github.com/cardea-accounts/cardea/internal/store"
)

// emailHash names a row by its exact address, for cookies of its app.
func (r *run) emailHash(row Row) []byte { return store.ImportedEmail(r.source, row.Email) }

// disown notices that an id may have somebody else there now: the address is another one than
// that of the user who was imported, and the user here has not got it. From then on, cookies of
// the app do not name the user by the id. Sessions end, because such a cookie may have begun them.
func (r *run) disown(ctx context.Context, tx *store.Tx, row Row) error {
	if row.ID == "" {
		return nil
	}
	known, err := tx.ImportByKey(ctx, keyOf(r.source, row))
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil || known.IDRefused || bytes.Equal(known.EmailHash, r.emailHash(row)) {
		return err
	}
	if err := tx.RefuseImportedID(ctx, known.Key); err != nil {
		return err
	}
	_, err = tx.DeleteSessionsOfUser(ctx, known.UserID, "", r.now())
	return err
}
