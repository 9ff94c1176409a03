package importer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/transfer"
)

// takeServer brings back what belongs to no user, before any user comes. Whatever was refused
// here or there is refused afterwards.
func (t *takeIn) takeServer(ctx context.Context, export io.ReaderAt, size int64) error {
	var batch []transfer.Fact
	flush := func() error {
		err := t.db.Tx(ctx, func(tx *store.Tx) error {
			for _, fact := range batch {
				if err := takeFact(ctx, tx, fact); err != nil {
					return err
				}
			}
			return nil
		})
		batch = batch[:0]
		return err
	}
	err := transfer.Server(export, size, func(fact transfer.Fact) error {
		if batch = append(batch, fact); len(batch) < batchSize {
			return nil
		}
		return flush()
	})
	if err != nil || len(batch) == 0 {
		return err
	}
	return flush()
}

func takeFact(ctx context.Context, tx *store.Tx, fact transfer.Fact) error {
	switch {
	case fact.Mark != nil:
		return takeMark(ctx, tx, store.Mark(fact.Mark.Name), *fact.Mark)
	case fact.FlaskCookie != nil:
		hash, err := hashFrom(fact.FlaskCookie.Hash)
		if err != nil {
			return err
		}
		return tx.RestoreFlaskCookie(ctx, store.FlaskCookie{Hash: hash, ExpiresAt: fact.FlaskCookie.ExpiresAt})
	case fact.Deleted != nil:
		row, err := importOf(fact.Deleted.UserID, fact.Deleted.Import)
		if err != nil {
			return err
		}
		row.EmailHash, row.IDRefused = nil, true // in case another user has the id here
		return tx.RestoreImport(ctx, row)
	}
	return nil // an empty line
}

// takeMark keeps the stricter of two moments: cookies are taken from later on, and not longer.
func takeMark(ctx context.Context, tx *store.Tx, mark store.Mark, m transfer.Mark) error {
	now, err := tx.MarkedAt(ctx, mark)
	switch {
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return err
	case mark != store.FlaskFrom && mark != store.FlaskSince:
		return fmt.Errorf("%w: there is no mark %q", transfer.ErrInvalid, mark)
	case err == nil && (mark == store.FlaskFrom) == now.After(m.At):
		return nil
	}
	return tx.SetMark(ctx, mark, m.At)
}

// restoreImports brings back from where a user came, and which cookies of that app name the user.
func restoreImports(ctx context.Context, tx *store.Tx, u transfer.User) error {
	if u.FlaskFrom != nil {
		if err := tx.EndFlaskCookies(ctx, u.ID, *u.FlaskFrom); err != nil {
			return err
		}
	}
	for _, i := range u.Imports {
		row, err := importOf(u.ID, i)
		if err != nil {
			return err
		}
		if err := tx.RestoreImport(ctx, row); err != nil {
			return err
		}
	}
	return nil
}

func importOf(userID string, i transfer.Import) (row store.Import, err error) {
	row = store.Import{UserID: userID, IDRefused: i.IDRefused, Run: i.Run, IsSuspended: i.IsSuspended, PictureVersion: i.PictureVersion}
	for _, hash := range []struct {
		to         *[]byte
		text       string
		isOptional bool
	}{
		{&row.Key, i.Key, false}, {&row.Source, i.Source, false}, {&row.EmailHash, i.EmailHash, true},
		{&row.Name, i.Name, true}, {&row.Email, i.Email, true}, {&row.Password, i.Password, true},
		{&row.PasswordHere, i.PasswordHere, true}, {&row.PictureHash, i.PictureHash, true},
	} {
		if hash.isOptional && hash.text == "" {
			continue
		}
		if *hash.to, err = hashFrom(hash.text); err != nil {
			return row, err
		}
	}
	return row, nil
}

// hashFrom reads a SHA-256 in hexadecimal.
func hashFrom(text string) ([]byte, error) {
	hash, err := hex.DecodeString(text)
	if err != nil || len(hash) != sha256.Size {
		return nil, fmt.Errorf("%w: %.70q is no SHA-256", transfer.ErrInvalid, text)
	}
	return hash, nil
}
