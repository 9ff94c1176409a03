package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/picture"
	"github.com/cardea-accounts/cardea/internal/store"
)

// Problem is something that is not as it should be.
type Problem struct {
	What    string // database, picture or file
	Person  string // id; empty where it concerns none
	File    string // key in the picture storage; empty where it concerns none
	Message string
	Removed bool // it was a file that nothing names, and is gone now
}

// CheckOptions are what [Service.CheckData] works by.
type CheckOptions struct {
	RemoveOrphans bool // remove files that nothing names, if older than an hour
	Found         func(Problem)
	Progress      Progress
}

// CheckData looks at everything that is kept, while people go on using it, and
// tells each problem as it is found.
func (s *Service) CheckData(ctx context.Context, opt CheckOptions) (Contents, error) {
	opt.Progress.tell("checking the database", 0, 0)
	damages, err := s.db.Damages(ctx)
	if err != nil {
		return Contents{}, err
	}
	for _, d := range damages {
		opt.Found(Problem{What: "database", Message: d})
	}
	counts, err := s.db.Counts(ctx)
	if err != nil {
		return Contents{}, err
	}
	if err := s.checkPictures(ctx, opt, counts.Pictures); err != nil {
		return Contents{}, err
	}
	var c Contents
	c.count(counts)
	return c, s.checkFiles(ctx, opt)
}

// checkPictures looks for pictures whose files are missing or not what they should be.
func (s *Service) checkPictures(ctx context.Context, opt CheckOptions, total int64) error {
	var done int64
	return eachPicture(ctx, s.db, func(p store.Picture) error {
		done++
		opt.Progress.tell("checking pictures", done, total)
		now, data, err := s.pictureNow(ctx, p)
		if err == nil {
			err = picture.CheckStored(data, now.ContentType)
		}
		switch {
		case errors.Is(err, ErrPictureNotFound): // removed meanwhile
			return nil
		case errors.Is(err, errPictureDamaged), errors.Is(err, picture.ErrInvalid), errors.Is(err, picture.ErrTooLarge):
			opt.Found(Problem{What: "picture", Person: p.UserID, File: p.Key, Message: err.Error()})
			return nil
		}
		return err
	})
}

// checkFiles looks for files that nothing names. While a file is uploaded, it is on
// the list of orphans from before it is there, so none of those is found here.
func (s *Service) checkFiles(ctx context.Context, opt CheckOptions) error {
	var done int64
	return s.pictures.List(ctx, func(key string) error {
		done++
		opt.Progress.tell("checking files", done, 0)
		known, err := s.db.KnowsFile(ctx, key)
		if known || err != nil {
			return err
		}
		stored, err := s.pictures.ModTime(ctx, key)
		if errors.Is(err, blob.ErrNotFound) { // removed meanwhile
			return nil
		}
		if err != nil {
			return err
		}
		found := Problem{What: "file", File: key, Message: fmt.Sprintf("nothing names the file %s, stored at %s", key, stored.UTC().Format(time.RFC3339))}
		if opt.RemoveOrphans && s.opt.Now().Sub(stored) > orphanGrace {
			if err := s.pictures.Delete(ctx, key); err != nil {
				return err
			}
			found.Removed = true
		}
		opt.Found(found)
		return nil
	})
}
