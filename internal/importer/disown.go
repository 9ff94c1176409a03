package importer

import (
	"bytes"
	"context"
	"errors"
	"strings"

	"github.com/cardea-accounts/cardea/internal/store"
)

// emailHash names a row by its exact address, for cookies of its app.
func (r *run) emailHash(row Row) []byte { return store.ImportedEmail(r.source, row.Email) }

// claim notices that the exact address of a row was that of another row. From then on, cookies
// of the app do not name the user of that one by the address. Sessions end, because such a
// cookie may have begun them. Rows without an id are the same one if the address is.
func (r *run) claim(ctx context.Context, tx *store.Tx, row Row) error {
	if row.ID == "" {
		return nil
	}
	owner, err := tx.ImportByEmail(ctx, r.emailHash(row))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case err != nil, bytes.Equal(owner.Key, keyOf(r.source, row)), bytes.Equal(owner.Key, keyOf(r.source, Row{Email: row.Email})):
		return err
	}
	if err := tx.RefuseImportedEmail(ctx, owner.Key); err != nil {
		return err
	}
	_, err = tx.DeleteSessionsOfUser(ctx, owner.UserID, "", r.now())
	return err
}

// disown notices that a row may be somebody else's by now: the address is another one than that
// of the user who was imported, and the user here has not got it. From then on, cookies of the
// app name the user neither by the id nor by the address. Sessions end, as in [run.claim].
func (r *run) disown(ctx context.Context, tx *store.Tx, j judged) error {
	known, err := tx.ImportByKey(ctx, keyOf(r.source, j.row))
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil || r.hasAddress(known, j.row) {
		return err
	}
	// The address of the first row of a user counts, and no address is known of a row that
	// cannot be read.
	keepsEmail := len(known.EmailHash) == 0 || j.isSecond || j.row.problem != ""
	if (known.IDRefused || j.row.ID == "") && keepsEmail {
		return nil
	}
	if j.row.ID != "" {
		err = tx.RefuseImportedID(ctx, known.Key)
	}
	if err == nil && !keepsEmail {
		err = tx.RefuseImportedEmail(ctx, known.Key)
	}
	if err != nil {
		return err
	}
	_, err = tx.DeleteSessionsOfUser(ctx, known.UserID, "", r.now())
	return err
}

// hasAddress reports whether a row has the address that was brought in. Where cookies by the
// address are refused, only what came of it is known.
func (r *run) hasAddress(known store.Import, row Row) bool {
	if len(known.EmailHash) == 0 {
		return bytes.Equal(known.Email, store.Sum(strings.TrimSpace(row.Email)))
	}
	return bytes.Equal(known.EmailHash, r.emailHash(row))
}
