package media

import (
	"context"
	"errors"
)

// ErrStorageGone means that the storage is empty, but the database names pictures in it:
// a disk is not mounted, or the folder was moved.
var ErrStorageGone = errors.New("the picture storage is missing or empty, but the database names pictures in it")

// Check reports whether the storage can be used. An outage of the database does not count. Error:
// [ErrStorageGone].
func (p *Pictures) Check(ctx context.Context) error {
	isEmpty, err := p.files.IsEmpty(ctx)
	if err != nil {
		return err
	}
	if isEmpty {
		if err := p.refuseEmpty(ctx); errors.Is(err, ErrStorageGone) {
			return err
		}
	}
	return p.files.Check(ctx)
}

// refuseGone keeps new pictures out of a folder that a disk will be mounted over.
func (p *Pictures) refuseGone(ctx context.Context) error {
	isEmpty, err := p.files.IsEmpty(ctx)
	if err != nil || !isEmpty {
		return err
	}
	return p.refuseEmpty(ctx)
}

// refuseEmpty fails if a storage that was found empty should have pictures.
func (p *Pictures) refuseEmpty(ctx context.Context) error {
	rows, err := p.db.PicturesAfter(ctx, "", 1)
	if err != nil || len(rows) == 0 {
		return err
	}
	// The very first picture may have come in between. Its file was there before its row.
	isEmpty, err := p.files.IsEmpty(ctx)
	if err == nil && isEmpty {
		err = ErrStorageGone
	}
	return err
}
