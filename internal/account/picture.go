package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/picture"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/workers"
)

// orphanGrace is how long a file that was announced may take to be written and
// named before it counts as left over.
const orphanGrace = time.Hour

// SetPicture makes an uploaded file a person's picture, in place of the one
// before. Errors: invalid_file_type, too_many_changes, image_too_large, user_not_found.
func (s *Service) SetPicture(ctx context.Context, userID, filename string, data []byte, from Client) (Picture, error) {
	if !picture.AllowedName(filename) {
		return Picture{}, ErrInvalidFileType
	}
	if err := s.admitChange(ctx, userID); err != nil { // before the costly part
		return Picture{}, err
	}
	normal, err := s.normalize(ctx, userID, data, from)
	if err != nil {
		return Picture{}, outage(err)
	}
	p := store.Picture{
		UserID: userID, Name: picture.SafeName(filename, normal.Extension), Key: newBlobKey(),
		ContentType: normal.ContentType, Version: contentVersion(normal.Data), UpdatedAt: s.opt.Now(),
	}
	if err := s.storeBlob(ctx, p.Key, normal.Data); err != nil {
		return Picture{}, outage(err)
	}
	if err := s.swapPicture(ctx, p, from); err != nil {
		return Picture{}, outage(orElse(err, ErrUserNotFound))
	}
	return Picture{UserID: userID, Name: p.Name, Version: p.Version}, nil
}

// normalize makes a safe picture out of strangers' bytes, when its turn has come
// and there is memory for it.
func (s *Service) normalize(ctx context.Context, userID string, data []byte, from Client) (normal *picture.Picture, err error) {
	var busy error
	var set *picture.Set
	weight, err := picture.Check(data, s.opt.Picture, picture.Crop{})
	if err == nil {
		job := workers.Job{Weight: weight, Flows: []workers.Flow{flow("user", userID), flow("address", from.network())}}
		busy = s.decoding.Do(ctx, job, func() { set, err = picture.Make(ctx, data, s.opt.Picture, picture.Crop{}) })
	}
	switch {
	case errors.Is(err, picture.ErrTooLarge):
		return nil, &Error{Kind: KindInvalid, Code: "image_too_large", Message: fmt.Sprintf(
			"The picture is too large: %d million pixels at most, and fewer in formats that take much memory to decode.", s.opt.Picture.MaxPixels/1_000_000)}
	case errors.Is(err, picture.ErrInvalid):
		return nil, ErrInvalidFileType
	case busy != nil || err != nil:
		return nil, errors.Join(busy, err)
	}
	return set.Master, nil
}

// storeBlob announces a file, then writes it: whatever happens afterwards, the
// file is either named by a picture or on the list to be removed.
func (s *Service) storeBlob(ctx context.Context, key string, data []byte) error {
	err := s.db.Tx(ctx, func(tx *store.Tx) error {
		return tx.AddOrphan(ctx, key, s.opt.Now().Add(orphanGrace))
	})
	if err != nil {
		return err
	}
	if err := s.pictures.Put(ctx, key, data); err != nil {
		s.discard(context.WithoutCancel(ctx), key)
		return storageTrouble(err)
	}
	return nil
}

// swapPicture names the new file and orphans the old one, all or nothing.
func (s *Service) swapPicture(ctx context.Context, p store.Picture, from Client) error {
	var old string
	err := s.act(ctx, EventPictureChanged, p.UserID, from, func(tx *store.Tx) (err error) {
		if old, err = s.orphanPicture(ctx, tx, p.UserID); err != nil {
			return err
		}
		if err := tx.AdoptOrphan(ctx, p.Key, p.UpdatedAt); err != nil {
			return fmt.Errorf("%w: file swept before it was named (%v)", store.ErrUnavailable, err) //nolint:errorlint // not "not found" to the caller
		}
		return tx.SetPicture(ctx, p)
	})
	ctx = context.WithoutCancel(ctx)
	if err != nil {
		s.discard(ctx, p.Key)
		return err
	}
	s.discard(ctx, old)
	return nil
}

// RemovePicture removes a person's picture, if there is one, and its file. Error:
// too_many_changes.
func (s *Service) RemovePicture(ctx context.Context, userID string, from Client) error {
	if err := s.admitChange(ctx, userID); err != nil {
		return err
	}
	var old string
	err := s.acts(ctx, from, func(tx *store.Tx, tell teller) (err error) {
		if old, err = s.orphanPicture(ctx, tx, userID); err != nil || old == "" {
			return err
		}
		tell(EventPictureRemoved, userID)
		return tx.DeletePicture(ctx, userID)
	})
	if err != nil {
		return outage(err)
	}
	s.discard(context.WithoutCancel(ctx), old)
	return nil
}

// orphanPicture puts the file of a person's picture on the list to be removed
// and returns its key; empty if there is none.
func (s *Service) orphanPicture(ctx context.Context, tx *store.Tx, userID string) (key string, err error) {
	p, err := tx.PictureOfUser(ctx, userID)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return p.Key, tx.AddOrphan(ctx, p.Key, s.opt.Now())
}

// discard removes a file that nothing names. What fails is left to the sweep.
func (s *Service) discard(ctx context.Context, key string) {
	if key == "" {
		return
	}
	err := s.pictures.Delete(ctx, key)
	if err == nil {
		err = s.db.Tx(ctx, func(tx *store.Tx) error { return tx.ForgetOrphan(ctx, key) })
	}
	if err != nil {
		s.opt.Log.WarnContext(ctx, "picture file not removed yet", "blob", key, "error", err)
	}
}

// OpenPicture is a picture to be served.
type OpenPicture struct {
	blob.Blob
	Name        string
	ContentType string
	Version     string
	UpdatedAt   time.Time
}

// OpenPicture opens the picture at the address {id}_{name}; the caller closes it.
// Error: picture_not_found.
func (s *Service) OpenPicture(ctx context.Context, address string) (*OpenPicture, error) {
	id, name, _ := strings.Cut(address, "_")
	var missing string
	for {
		p, err := s.db.PictureOfUser(ctx, id)
		if err == nil && p.Name != name {
			err = store.ErrNotFound
		}
		if err != nil {
			return nil, outage(orElse(err, ErrPictureNotFound))
		}
		b, err := s.pictures.Open(ctx, p.Key)
		if err == nil {
			return &OpenPicture{b, p.Name, p.ContentType, p.Version, p.UpdatedAt}, nil
		}
		// Replaced between the look-up and the opening: look again. The same
		// file missing twice is a fault of ours.
		if !errors.Is(err, blob.ErrNotFound) || p.Key == missing {
			return nil, outage(storageTrouble(err))
		}
		missing = p.Key
	}
}

// sweepOrphans removes the files whose time has come.
func (s *Service) sweepOrphans(ctx context.Context) error {
	for {
		due, err := s.db.DueOrphans(ctx, s.opt.Now(), sweepBatch)
		if err != nil {
			return err
		}
		for _, key := range due {
			if err := s.pictures.Delete(ctx, key); err != nil {
				return storageTrouble(err)
			}
			if err := s.db.Tx(ctx, func(tx *store.Tx) error { return tx.ForgetOrphan(ctx, key) }); err != nil {
				return err
			}
		}
		if len(due) < sweepBatch {
			return nil
		}
	}
}

// newBlobKey returns a key that was never used: 26 characters of base 32.
func newBlobKey() string { return strings.ToLower(rand.Text()) }

// contentVersion names a content by 64 bits of its SHA-256.
func contentVersion(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}

// storageTrouble marks an error of the picture storage as an outage of it.
func storageTrouble(err error) error {
	return fmt.Errorf("%w: %w", errStorage, err)
}
