package account

import (
	"context"
	"errors"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/picture"
	"github.com/cardea-accounts/cardea/internal/store"
)

// cropBatch is how many pictures a sweep makes crops of: at about a tenth of a second
// each, the next sweep is not late. A hundred thousand take about eight hours.
const cropBatch = 100

// sweepCrops makes crops of pictures that have none, because a backup left out damaged
// ones. A picture that fails is logged, and left alone until the next start.
func (s *Service) sweepCrops(ctx context.Context) error {
	ids, err := s.db.PicturesWithoutCrops(ctx, s.cropped, cropBatch)
	if err != nil {
		return err
	}
	for _, id := range ids {
		err := s.addCrops(ctx, id)
		switch {
		case isDamaged(err):
			s.opt.Log.WarnContext(ctx, "picture stays without crops", "user", id, "error", err)
		case err != nil:
			return err
		}
		s.cropped = id
	}
	return nil
}

// isDamaged tells whether making crops failed for what lies in the storage.
func isDamaged(err error) bool {
	return errors.Is(err, errPictureDamaged) || errors.Is(err, blob.ErrNotFound) ||
		errors.Is(err, picture.ErrInvalid) || errors.Is(err, picture.ErrTooLarge)
}

// addCrops makes crops from the stored picture of a person.
func (s *Service) addCrops(ctx context.Context, userID string) error {
	p, err := s.db.PictureOfUser(ctx, userID)
	if errors.Is(err, store.ErrNotFound) || p.CropsVersion != "" { // removed or replaced meanwhile
		return nil
	}
	if err != nil {
		return err
	}
	data, err := s.readFile(ctx, userID, p.File)
	if err != nil {
		return err
	}
	set, err := s.makePictures(ctx, data, picture.Limits{}, picture.Crop{}, flow("sweep", "crops"))
	if err != nil {
		return err
	}
	files := nameCrops(&p, []file{{p.File, data}}, set)[1:]
	if err := s.storeFiles(ctx, files); err != nil {
		return err
	}
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		now, err := tx.PictureOfUser(ctx, userID)
		if err == nil && now.Key != p.Key {
			err = store.ErrNotFound
		}
		if err != nil {
			return err
		}
		if err := s.adoptFiles(ctx, tx, keysOf(files)); err != nil {
			return err
		}
		return tx.SetPicture(ctx, p)
	})
	if err != nil {
		s.discard(context.WithoutCancel(ctx), keysOf(files))
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}
