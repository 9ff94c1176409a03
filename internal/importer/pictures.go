package importer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/picture"
	"github.com/cardea-accounts/cardea/internal/store"
)

// What became of a picture.
const (
	pictureImported   = "imported"
	pictureUnchanged  = "unchanged"
	pictureKept       = "kept" // another one was chosen here
	pictureMissing    = "missing"
	pictureUnreadable = "unreadable"
	pictureFound      = "found"   // it was only looked for
	pictureRemoved    = "removed" // it is gone there
)

// maxPictureBytes is the largest picture file that is read, the default of uploads.
const maxPictureBytes = 10 << 20

func (r *run) openUploads() (err error) {
	if r.opt.Uploads == "" {
		return nil
	}
	if r.uploads, err = os.OpenRoot(r.opt.Uploads); err != nil {
		return fmt.Errorf("cannot read the folder of pictures: %w", err)
	}
	return nil
}

func (r *run) closeUploads() {
	if r.uploads != nil {
		_ = r.uploads.Close() // it was only read
	}
}

// atOnce is how many pictures are read and made side by side. The workers that decode them
// bound the rest.
const atOnce = 4

// bringPictures brings in the pictures of a batch of users who are stored.
func (r *run) bringPictures(ctx context.Context, batch []judged) error {
	if r.uploads == nil {
		return nil
	}
	var group sync.WaitGroup
	free, failed := make(chan struct{}, atOnce), make([]error, len(batch))
	for i := range batch {
		j := &batch[i]
		if j.verdict.Outcome == Rejected || j.verdict.Outcome == Deleted {
			continue
		}
		if j.row.isBadPicture {
			j.verdict.Picture, j.verdict.PictureReason = pictureUnreadable, "its name is no text, or too long"
			continue
		}
		isNone := isDefault(j.row.Picture)
		if isNone && (!j.row.hasPictures || j.known.PictureVersion == "") {
			continue
		}
		free <- struct{}{}
		group.Go(func() {
			defer func() { <-free }()
			if isNone {
				j.verdict.Picture, failed[i] = r.removePicture(ctx, j)
			} else {
				j.verdict.Picture, failed[i] = r.bringPicture(ctx, j)
			}
			if j.verdict.isPictureNew(j.known) && j.verdict.Outcome == Unchanged {
				j.verdict.Outcome = Updated
			}
		})
	}
	group.Wait()
	return errors.Join(failed...)
}

// isPictureNew reports whether a user has another picture now, or would have after a trial.
func (v Verdict) isPictureNew(known store.Import) bool {
	return v.Picture == pictureImported || v.Picture == pictureRemoved || v.Picture == pictureFound && known.PictureHash != nil
}

// removePicture removes a picture that was brought in and is gone there, if it is still the one
// that the user has here.
func (r *run) removePicture(ctx context.Context, j *judged) (string, error) {
	version, err := r.pictureVersion(ctx, j.user.ID)
	switch {
	case err != nil:
		return "", err
	case version == "": // removed here, too
		return "", nil
	case version != j.known.PictureVersion:
		return pictureKept, nil
	case r.opt.CheckPictures:
		return pictureRemoved, nil
	}
	if err := r.pictures.Remove(ctx, j.user.ID, guard.Client{}); err != nil {
		return "", fmt.Errorf("picture of user %s: %w", j.user.ID, err)
	}
	return pictureRemoved, r.db.Tx(ctx, func(tx *store.Tx) error {
		known, err := tx.ImportByKey(ctx, j.known.Key)
		if err != nil {
			return err
		}
		known.PictureHash, known.PictureVersion = nil, ""
		return tx.SetImport(ctx, known)
	})
}

// defaults are the usual names of the picture that all users have at first, without extension.
var defaults = []string{"none", "null", "default", "default_avatar", "default-avatar", "default_profile", "default_profile_pic", "default_picture", "default_pic"}

// isDefault reports whether a user has no picture, or the one that all have at first.
func isDefault(name string) bool {
	base := strings.ToLower(path.Base(strings.TrimSpace(name)))
	return name == "" || slices.Contains(defaults, strings.TrimSuffix(base, path.Ext(base)))
}

// bringPicture brings in one picture, and says what became of it.
func (r *run) bringPicture(ctx context.Context, j *judged) (string, error) {
	data, name, err := r.readPicture(j.row.Picture)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return pictureMissing, nil
	case err != nil:
		j.verdict.PictureReason = "it is no regular file of at most 10 MiB that can be read"
		return pictureUnreadable, nil //nolint:nilerr // it is reported
	}
	sum := sha256.Sum256(data)
	if bytes.Equal(sum[:], j.known.PictureHash) {
		return pictureUnchanged, nil
	}
	if r.opt.CheckPictures {
		if !picture.AllowedName(name) {
			j.verdict.PictureReason = "its name does not end like that of a picture, such as .png"
			return pictureUnreadable, nil
		}
		if _, err := picture.Open(data, picture.Limits{}); err != nil {
			j.verdict.PictureReason = strings.TrimSuffix("it is damaged, too large, or no picture that is taken: "+picture.Describe(data), ": ")
			return pictureUnreadable, nil //nolint:nilerr // it is reported
		}
		return pictureFound, nil
	}
	version, err := r.pictureVersion(ctx, j.user.ID)
	if err != nil {
		return "", err
	}
	if version != j.known.PictureVersion {
		return pictureKept, nil
	}
	return r.setPicture(ctx, j, data, name, sum[:])
}

// pictureVersion is that of the picture that a user has here; empty without one.
func (r *run) pictureVersion(ctx context.Context, userID string) (string, error) {
	now, err := r.db.PictureOfUser(ctx, userID)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return now.Version, err
}

// setPicture makes a file the picture of a user. Its old address goes on to work.
func (r *run) setPicture(ctx context.Context, j *judged, data []byte, name string, sum []byte) (string, error) {
	name = strings.TrimPrefix(name, j.user.ID+"_")
	if _, err := r.pictures.Set(ctx, j.user.ID, media.Upload{Filename: name, Data: data}, guard.Client{}); err != nil {
		if public, ok := errors.AsType[*guard.Error](err); ok && public.Kind == guard.KindInvalid {
			j.verdict.PictureReason = public.Message
			return pictureUnreadable, nil
		}
		return "", fmt.Errorf("picture of user %s: %w", j.user.ID, err)
	}
	err := r.db.Tx(ctx, func(tx *store.Tx) error {
		now, err := tx.PictureOfUser(ctx, j.user.ID)
		if err != nil {
			return err
		}
		if now.Name != name {
			if err := tx.AddOldPictureName(ctx, j.user.ID, name); err != nil {
				return err
			}
		}
		known, err := tx.ImportByKey(ctx, j.known.Key) // a later row may have its address by now
		if err != nil {
			return err
		}
		known.PictureHash, known.PictureVersion = sum, now.Version
		return tx.SetImport(ctx, known)
	})
	return pictureImported, err
}

// readPicture reads the file that a row names: by its path below the folder or, if that is not
// there, by the last part of it. No path leads out of the folder.
func (r *run) readPicture(value string) (data []byte, name string, err error) {
	value = strings.TrimSpace(value)
	if u, err := url.Parse(value); err == nil && u.Scheme != "" {
		value = u.Path
	}
	value = strings.ReplaceAll(value, `\`, "/")
	name = path.Base(value)
	whole := strings.TrimPrefix(path.Clean("/"+value), "/")
	f, err := r.openPicture(whole)
	if err != nil {
		f, err = r.openPicture(name)
	}
	if err != nil {
		return nil, name, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() > maxPictureBytes {
		return nil, name, errors.Join(errors.New("no file of at most 10 MiB"), err)
	}
	data, err = io.ReadAll(io.LimitReader(f, maxPictureBytes))
	return data, name, err
}

// openPicture opens a file below the folder. O_NONBLOCK lets a pipe open at once.
func (r *run) openPicture(name string) (*os.File, error) {
	return r.uploads.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}
