package operate

import (
	"context"
	"encoding/hex"
	"errors"

	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/transfer"
)

// exportServer hands over what belongs to no user: without it, cookies of a Flask app that have
// ended would be taken again.
func exportServer(ctx context.Context, db *store.DB, add func(transfer.Fact) error) error {
	for _, mark := range []store.Mark{store.FlaskFrom, store.FlaskSince} {
		at, err := db.MarkedAt(ctx, mark)
		if err == nil {
			err = add(transfer.Fact{Mark: &transfer.Mark{Name: string(mark), At: at}})
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	for last := []byte{}; ; {
		page, err := db.FlaskCookiesAfter(ctx, last, pageSize)
		if err != nil {
			return err
		}
		for _, c := range page {
			last = c.Hash
			if err := add(transfer.Fact{FlaskCookie: &transfer.FlaskCookie{Hash: hex.EncodeToString(c.Hash), ExpiresAt: c.ExpiresAt}}); err != nil {
				return err
			}
		}
		if len(page) == 0 {
			break
		}
	}
	for last := []byte{}; ; {
		page, err := db.ImportsWithoutUser(ctx, last, pageSize)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, i := range page {
			last = i.Key
			if err := add(transfer.Fact{Deleted: &transfer.Deleted{UserID: i.UserID, Import: exportedImport(i)}}); err != nil {
				return err
			}
		}
	}
}

func exportedImport(i store.Import) transfer.Import {
	return transfer.Import{
		Key: hex.EncodeToString(i.Key), Source: hex.EncodeToString(i.Source),
		EmailHash: hex.EncodeToString(i.EmailHash), IDRefused: i.IDRefused, Run: i.Run,
		Name: hex.EncodeToString(i.Name), Email: hex.EncodeToString(i.Email),
		Password: hex.EncodeToString(i.Password), PasswordHere: hex.EncodeToString(i.PasswordHere), IsSuspended: i.IsSuspended,
		PictureHash: hex.EncodeToString(i.PictureHash), PictureVersion: i.PictureVersion,
	}
}
