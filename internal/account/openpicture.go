package account

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/picture"
	"github.com/cardea-accounts/cardea/internal/store"
)

// Sides are those of the square crops, in pixels.
var Sides = picture.Sides[:]

// OpenPicture is a picture to be served.
type OpenPicture struct {
	blob.Blob
	Name        string
	ContentType string
	Version     string // of the content
	Address     string // the version of the address, which may be cached for ever; empty: of none
	UpdatedAt   time.Time
}

// OpenPicture opens the picture at the address {id}_{name}, or its crop of one of
// [Sides] (0: the picture itself); the caller closes it. Where there are no crops
// yet, it is the picture itself. Error: picture_not_found.
func (s *Service) OpenPicture(ctx context.Context, address string, side int) (*OpenPicture, error) {
	id, name, _ := strings.Cut(address, "_")
	key := pictureKey{id, side}
	p, known := s.knownPicture(key)
	for missing := ""; ; {
		var err error
		if !known {
			p, err = s.readPictureRow(ctx, key)
		}
		if err == nil && p.Name != name {
			err = store.ErrNotFound
		}
		if err != nil {
			return nil, outage(orElse(err, ErrPictureNotFound))
		}
		b, err := s.pictures.Open(ctx, p.Key)
		if err == nil {
			open := &OpenPicture{b, p.Name, p.ContentType, p.Version, p.Version, p.UpdatedAt}
			if side != 0 {
				open.Address = p.CropsVersion
			}
			return open, nil
		}
		// Replaced between the look-up and the opening: look again. The same
		// file missing twice is a fault of ours.
		if !errors.Is(err, blob.ErrNotFound) || p.Key == missing {
			return nil, outage(storageTrouble(err))
		}
		if !known { // otherwise another process may have removed it
			missing = p.Key
		}
		known = false
	}
}

// picturesKept is how many rows of pictures, one for each size, stay in memory: as
// many as a busy hour asks for, in about 5 MB.
const picturesKept = 10_000

// pictureKey names a picture in a size; side 0 is the picture itself.
type pictureKey struct {
	userID string
	side   int
}

// cachedPicture is a row that was read, and holds as long as a session does that was
// kept (sessioncache.go).
type cachedPicture struct {
	store.Picture
	stamp store.Stamp
}

func newPictureCache() *otter.Cache[pictureKey, *cachedPicture] {
	return otter.Must(&otter.Options[pictureKey, *cachedPicture]{MaximumSize: picturesKept})
}

// knownPicture is a row from memory, if it surely is as in the database.
func (s *Service) knownPicture(key pictureKey) (store.Picture, bool) {
	p, ok := s.rows.GetIfPresent(key)
	if !ok || !p.stamp.Holds() || !s.sessions.watches(s.opt.Now()) {
		return store.Picture{}, false
	}
	return p.Picture, true
}

// readPictureRow reads a row and keeps it. Error: [store.ErrNotFound].
func (s *Service) readPictureRow(ctx context.Context, key pictureKey) (store.Picture, error) {
	key.userID = strings.Clone(key.userID) // it may be part of a long address
	began := s.db.Moment()
	p, err := s.db.PictureInSize(ctx, key.userID, key.side)
	if err != nil {
		return p, err
	}
	if stamp, ok := s.db.Stamp(began, key.userID); ok {
		s.rows.Set(key, &cachedPicture{p, stamp})
	}
	return p, nil
}
