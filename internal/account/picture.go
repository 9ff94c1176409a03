package account

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea/internal/picture"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/workers"
)

// orphanGrace is how long a file that was announced may take to be written and
// named before it counts as left over.
const orphanGrace = time.Hour

// Upload is a picture as somebody sends it.
type Upload struct {
	Filename string
	Data     []byte
	Crop     string // x,y,side in pixels of the upright picture; empty: the largest square in the middle
}

// SetPicture makes an uploaded file a person's picture, in place of the one
// before. Errors: invalid_file_type, invalid_crop, too_many_changes, image_too_large,
// user_not_found.
func (s *Service) SetPicture(ctx context.Context, userID string, up Upload, from Client) (Picture, error) {
	if !picture.AllowedName(up.Filename) {
		return Picture{}, ErrInvalidFileType
	}
	crop, err := picture.ParseCrop(up.Crop)
	if err != nil {
		return Picture{}, ErrInvalidCrop
	}
	if err := s.admitChange(ctx, userID); err != nil { // before the costly part
		return Picture{}, err
	}
	set, err := s.makePictures(ctx, up.Data, s.opt.Picture, crop, flow("user", userID), flow("address", from.network()))
	if err != nil {
		return Picture{}, s.pictureRefusal(err)
	}
	master := newFile(set.Master)
	p := store.Picture{
		UserID: userID, Name: picture.SafeName(up.Filename, set.Master.Extension), File: master.File, UpdatedAt: s.opt.Now(),
	}
	files := nameCrops(&p, []file{master}, set)
	if err := s.storeFiles(ctx, files); err != nil {
		return Picture{}, outage(err)
	}
	if err := s.swapPicture(ctx, p, from); err != nil {
		return Picture{}, outage(orElse(err, ErrUserNotFound))
	}
	return publicPicture(p), nil
}

// heavy is the weight from which a picture's garbage is collected before its memory is
// given to the next. Otherwise twenty pictures of 25 megapixels at once, of which as many
// are in flight as memory is there for, had 537 MiB resident, and so they have 264: Go
// collects only when as much garbage is there as is in use. What phones make weighs less.
const heavy = 32 << 20

// makePictures makes safe pictures out of strangers' bytes, when its turn has come
// and there is memory for it.
func (s *Service) makePictures(ctx context.Context, data []byte, lim picture.Limits, crop picture.Crop, flows ...workers.Flow) (set *picture.Set, err error) {
	source, err := picture.Open(data, lim)
	if err != nil {
		return nil, err
	}
	weight, err := source.Weight(crop)
	if err != nil {
		return nil, err
	}
	busy := s.decoding.Do(ctx, workers.Job{Weight: weight, Flows: flows}, func() {
		set, err = source.Make(ctx, crop)
		if weight > heavy {
			runtime.GC()
		}
	})
	return set, errors.Join(busy, err)
}

// pictureRefusal is what to say of a picture that could not be made.
func (s *Service) pictureRefusal(err error) error {
	switch {
	case errors.Is(err, picture.ErrTooLarge):
		return &Error{Kind: KindInvalid, Code: "image_too_large", Message: fmt.Sprintf(
			"The picture is too large: %d million pixels at most, and fewer in formats that take much memory to decode.", s.opt.Picture.MaxPixels/1_000_000)}
	case errors.Is(err, picture.ErrInvalid):
		return ErrInvalidFileType
	case errors.Is(err, picture.ErrCrop):
		return ErrInvalidCrop
	}
	return outage(err)
}

// file is one of the picture storage, with what is or will be in it.
type file struct {
	store.File
	data []byte
}

func newFile(p *picture.Picture) file {
	return file{store.File{Key: newBlobKey(), ContentType: p.ContentType, Version: contentVersion(p.Data)}, p.Data}
}

// nameCrops gives a picture the crops of a set, and returns the files so far with
// those that come along: one for all that are the same.
func nameCrops(p *store.Picture, files []file, set *picture.Set) []file {
	var versions string
	for i, crop := range set.Crops {
		at := slices.IndexFunc(files, func(f file) bool { return bytes.Equal(f.data, crop.Data) })
		if at < 0 {
			at = len(files)
			files = append(files, newFile(crop))
		}
		p.Crops = append(p.Crops, store.Crop{Side: picture.Sides[i], File: files[at].File})
		versions += files[at].Version
	}
	p.CropsVersion = contentVersion([]byte(versions))
	return files
}

// storeFiles announces files, then writes them: whatever happens afterwards, each
// is either named by a picture or on the list to be removed.
func (s *Service) storeFiles(ctx context.Context, files []file) error {
	err := s.db.Tx(ctx, func(tx *store.Tx) error {
		for _, f := range files {
			if err := tx.AddOrphan(ctx, f.Key, s.opt.Now().Add(orphanGrace)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := s.pictures.Put(ctx, f.Key, f.data); err != nil {
			s.discard(context.WithoutCancel(ctx), keysOf(files))
			return storageTrouble(err)
		}
	}
	return nil
}

func keysOf(files []file) []string {
	keys := make([]string, len(files))
	for i, f := range files {
		keys[i] = f.Key
	}
	return keys
}

// adoptFiles takes announced files off the list of what is to be removed, in the
// transaction that names them.
func (s *Service) adoptFiles(ctx context.Context, tx *store.Tx, keys []string) error {
	for _, key := range keys {
		if err := tx.AdoptOrphan(ctx, key, s.opt.Now()); err != nil {
			return fmt.Errorf("%w: file swept before it was named (%v)", store.ErrUnavailable, err) //nolint:errorlint // not "not found" to the caller
		}
	}
	return nil
}

// swapPicture names the new files and orphans the old ones, all or nothing.
func (s *Service) swapPicture(ctx context.Context, p store.Picture, from Client) error {
	var old []string
	err := s.act(ctx, EventPictureChanged, p.UserID, from, func(tx *store.Tx) (err error) {
		if p.UpdatedAt, err = nextSecond(ctx, tx, p); err != nil {
			return err
		}
		if old, err = s.orphanPicture(ctx, tx, p.UserID); err != nil {
			return err
		}
		if err := s.adoptFiles(ctx, tx, keysOfPicture(p)); err != nil {
			return err
		}
		return tx.SetPicture(ctx, p)
	})
	ctx = context.WithoutCancel(ctx)
	if err != nil {
		s.discard(ctx, keysOfPicture(p))
		return err
	}
	s.discard(ctx, old)
	return nil
}

// nextSecond is when a picture counts as updated: now, but in a later second than the
// one before it, since clients tell them apart by it (Last-Modified has whole seconds).
func nextSecond(ctx context.Context, tx *store.Tx, p store.Picture) (time.Time, error) {
	before, err := tx.PictureOfUser(ctx, p.UserID)
	if errors.Is(err, store.ErrNotFound) {
		return p.UpdatedAt, nil
	}
	if next := before.UpdatedAt.Truncate(time.Second).Add(time.Second); p.UpdatedAt.Before(next) {
		return next, err
	}
	return p.UpdatedAt, err
}

// RemovePicture removes a person's picture, if there is one, and its files. Error:
// too_many_changes.
func (s *Service) RemovePicture(ctx context.Context, userID string, from Client) error {
	if err := s.admitChange(ctx, userID); err != nil {
		return err
	}
	var old []string
	err := s.acts(ctx, from, func(tx *store.Tx, tell teller) (err error) {
		if old, err = s.orphanPicture(ctx, tx, userID); err != nil || len(old) == 0 {
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

func keysOfPicture(p store.Picture) []string {
	var keys []string
	for _, f := range p.Files() {
		keys = append(keys, f.Key)
	}
	return keys
}

// orphanPicture puts the files of a person's picture on the list to be removed and
// returns their keys; none if there is no picture.
func (s *Service) orphanPicture(ctx context.Context, tx *store.Tx, userID string) (keys []string, err error) {
	p, err := tx.PictureOfUser(ctx, userID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	keys = keysOfPicture(p)
	for _, key := range keys {
		if err := tx.AddOrphan(ctx, key, s.opt.Now()); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// discard removes files that nothing names. What fails is left to the sweep.
func (s *Service) discard(ctx context.Context, keys []string) {
	var gone []string
	for _, key := range keys {
		if err := s.pictures.Delete(ctx, key); err != nil {
			s.opt.Log.WarnContext(ctx, "picture file not removed yet", "blob", key, "error", err)
			continue
		}
		gone = append(gone, key)
	}
	if err := s.forget(ctx, gone); err != nil {
		s.opt.Log.WarnContext(ctx, "picture file not removed yet", "blob", strings.Join(gone, " "), "error", err)
	}
}

// forget takes files that are gone off the list.
func (s *Service) forget(ctx context.Context, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		for _, key := range keys {
			if err := tx.ForgetOrphan(ctx, key); err != nil {
				return err
			}
		}
		return nil
	})
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
		}
		if err := s.forget(ctx, due); err != nil {
			return err
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
