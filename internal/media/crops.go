package media

import (
	"context"
	"errors"
	"sync"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/picture"
	"github.com/cardea-accounts/cardea/internal/store"
)

// cropBatch is how many pictures one sweep makes crops of.
const cropBatch = 100

// cropSweep remembers up to which user the sweep has looked.
type cropSweep struct {
	mu    sync.Mutex
	after string // user id
}

// SweepCrops makes crops of pictures that have none, because a backup left them out.
// A picture that cannot be cropped is logged, and not tried again before the next start.
func (p *Pictures) SweepCrops(ctx context.Context) error {
	p.missing.mu.Lock()
	defer p.missing.mu.Unlock()
	ids, err := p.db.PicturesWithoutCrops(ctx, p.missing.after, cropBatch)
	if err != nil {
		return err
	}
	for _, id := range ids {
		err := p.addCrops(ctx, id)
		switch {
		case isDamaged(err):
			p.opt.Log.WarnContext(ctx, "picture stays without crops", "user", id, "error", err)
		case err != nil:
			return err
		}
		p.missing.after = id
	}
	return nil
}

// isDamaged reports whether crops could not be made because of the stored file.
func isDamaged(err error) bool {
	return errors.Is(err, ErrDamaged) || errors.Is(err, blob.ErrNotFound) ||
		errors.Is(err, picture.ErrInvalid) || errors.Is(err, picture.ErrDamaged) ||
		errors.Is(err, picture.ErrTooLarge)
}

// addCrops makes crops from the stored picture of a user.
func (p *Pictures) addCrops(ctx context.Context, userID string) error {
	row, err := p.db.PictureOfUser(ctx, userID)
	if errors.Is(err, store.ErrNotFound) || row.CropsVersion != "" { // removed or replaced meanwhile
		return nil
	}
	if err != nil {
		return err
	}
	data, err := p.readFile(ctx, userID, row.File)
	if err != nil {
		return err
	}
	set, err := p.make(ctx, data, picture.Limits{}, picture.Crop{})
	if err != nil {
		return err
	}
	files := nameCrops(&row, []File{{row.File, data}}, set)[1:]
	if err := p.put(ctx, files); err != nil {
		return err
	}
	err = p.db.Tx(ctx, func(tx *store.Tx) error {
		now, err := tx.PictureOfUser(ctx, userID)
		if err == nil && now.Key != row.Key {
			err = store.ErrNotFound
		}
		if err != nil {
			return err
		}
		if err := p.adopt(ctx, tx, keysOfFiles(files)); err != nil {
			return err
		}
		return tx.SetPicture(ctx, row)
	})
	if err != nil {
		p.abandon(ctx, keysOfFiles(files), err)
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}
