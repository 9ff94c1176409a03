package account

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/password"
	"github.com/cardea-accounts/cardea/internal/picture"
	"github.com/cardea-accounts/cardea/internal/store"
)

// Problem is something that is not as it should be.
type Problem struct {
	What    string // database, person, picture, file (that nothing names) or stray
	Person  string // id; empty where it concerns none
	File    string // key in the picture storage, or the name of a stray; empty where it concerns none
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
func (s *Service) CheckData(ctx context.Context, opt CheckOptions) (c Contents, err error) {
	found, damaged := opt.Found, false
	opt.Found = func(p Problem) {
		if p.What == "database" { // it may no longer know files that are somebody's
			opt.RemoveOrphans, damaged = false, true
		}
		found(p)
	}
	for _, step := range []func(context.Context, CheckOptions, *Contents) error{s.checkDatabase, s.checkPeople, s.checkPictures, s.checkFiles} {
		err := step(ctx, opt, &c)
		switch {
		case errors.Is(err, store.ErrDamaged) && damaged: // it was said; what can be looked at nevertheless is
		case errors.Is(err, store.ErrDamaged):
			opt.Found(Problem{What: "database", Message: err.Error()})
		case err != nil:
			return c, err
		}
	}
	return c, nil
}

func (s *Service) checkDatabase(ctx context.Context, opt CheckOptions, c *Contents) error {
	opt.Progress.tell("checking the database", 0, 0)
	damages, err := s.db.Damages(ctx)
	for _, d := range damages {
		opt.Found(Problem{What: "database", Message: d})
	}
	if err != nil {
		return err
	}
	counts, err := s.db.Counts(ctx)
	c.count(counts)
	return err
}

// checkPeople looks for what keeps people from signing in.
func (s *Service) checkPeople(ctx context.Context, opt CheckOptions, c *Contents) error {
	var done int64
	for from := ""; ; {
		page, err := s.db.UsersByEmailKey(ctx, from, lastKey, pageSize)
		if err != nil {
			return err
		}
		for _, u := range page {
			done++
			opt.Progress.tell("checking people", done, c.People)
			if !password.WellFormed(u.User.PasswordHash) {
				opt.Found(Problem{What: "person", Person: u.User.ID, Message: fmt.Sprintf("the password hash of person %s is damaged: no password fits it", u.User.ID)})
			}
			if u.User.EmailKey != emailKey(u.User.Email) {
				opt.Found(Problem{What: "person", Person: u.User.ID, Message: fmt.Sprintf("the e-mail address of person %s is not the one that is compared at login: it does not fit", u.User.ID)})
			}
			from = u.User.EmailKey + "\x00" // the least string behind it
		}
		if len(page) < pageSize {
			return ctx.Err()
		}
	}
}

// checkPictures looks for pictures whose files are missing or not what they should be.
func (s *Service) checkPictures(ctx context.Context, opt CheckOptions, c *Contents) error {
	var done int64
	return eachPicture(ctx, s.db, func(p store.Picture) error {
		done++
		opt.Progress.tell("checking pictures", done, c.Pictures)
		if p.CropsVersion != "" && len(p.Crops) == 0 { // their rows are lost, so nothing names their files
			opt.Found(Problem{What: "database", Person: p.UserID, Message: fmt.Sprintf("the rows of the crops of person %s are missing", p.UserID)})
		}
		now, err := s.pictureNow(ctx, p)
		if errors.Is(err, ErrPictureNotFound) { // removed meanwhile
			return nil
		}
		if err != nil {
			return err
		}
		for _, f := range now.files {
			if err := picture.CheckStored(f.data, f.ContentType); err != nil {
				now.damaged = append(now.damaged, damage{f.Key, damagedPicture(now.UserID, f.Key, "is no picture of the type %s", f.ContentType)})
			}
		}
		for _, d := range now.damaged {
			opt.Found(Problem{What: "picture", Person: now.UserID, File: d.key, Message: d.err.Error()})
		}
		return nil
	})
}

// checkFiles looks at what lies in the storage.
func (s *Service) checkFiles(ctx context.Context, opt CheckOptions, _ *Contents) error {
	var done int64
	var damaged error // of the database; what it does not have to be asked for is told nevertheless
	err := s.pictures.List(ctx, func(item blob.Item) error {
		done++
		opt.Progress.tell("checking files", done, 0)
		switch {
		case item.Err != nil:
			opt.Found(Problem{What: "file", File: item.Name, Message: fmt.Sprintf("the folder %s of the picture storage cannot be read: %v", item.Name, reason(item.Err))})
		case item.Key == "":
			opt.Found(Problem{What: "stray", File: item.Name, Message: fmt.Sprintf("%s in the picture storage is none of Cardea's files", item.Name)})
		default:
			err := s.checkFile(ctx, item.Key, opt)
			if !errors.Is(err, store.ErrDamaged) {
				return err
			}
			damaged = err
		}
		return nil
	})
	return cmp.Or(err, damaged)
}

// checkFile tells, or removes, a file that nothing names. While a file is uploaded,
// it is on the list of orphans from before it is there, so none of those is found here.
func (s *Service) checkFile(ctx context.Context, key string, opt CheckOptions) error {
	known, err := s.db.KnowsFile(ctx, key)
	if known || err != nil {
		return err
	}
	stored, err := s.pictures.ModTime(ctx, key)
	if errors.Is(err, blob.ErrNotFound) { // removed meanwhile
		return nil
	}
	found := Problem{What: "file", File: key, Message: fmt.Sprintf("nothing names the file %s, stored at %s", key, stored.UTC().Format(time.RFC3339))}
	if err == nil && opt.RemoveOrphans && s.opt.Now().Sub(stored) > orphanGrace {
		err = s.pictures.Delete(ctx, key)
		found.Removed = err == nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		found.Message = fmt.Sprintf("nothing names the file %s, and it cannot be looked at or removed: %v", key, reason(err))
	}
	opt.Found(found)
	return nil
}
