package operate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/password"
	"github.com/cardea-accounts/cardea/internal/picture"
	"github.com/cardea-accounts/cardea/internal/storage"
	"github.com/cardea-accounts/cardea/internal/store"
)

// What a [Problem] is about.
const (
	ProblemDatabase = "database"
	ProblemSecret   = "secret.key"
	ProblemAccess   = "access" // others on the machine have it
	ProblemUser     = "user"
	ProblemPicture  = "picture"
	ProblemFile     = "file"  // of the storage, that nothing names
	ProblemStray    = "stray" // not a file of Cardea
)

// Problem is something that is wrong in a data folder.
type Problem struct {
	What    string // see above
	User    string // id; empty if it concerns none
	File    string // key in the picture storage, or the name of a stray; empty if it concerns none
	Message string // a sentence for the operator
	Removed bool   // the file was removed, because nothing names it
}

// CheckOptions say how to check.
type CheckOptions struct {
	RemoveOrphans bool          // remove files that nothing names, if older than an hour
	Found         func(Problem) // called for each problem; required
	Progress      Progress
}

// check is a check in progress.
type check struct {
	*Data
	CheckOptions
	contents  Contents
	isDamaged bool // the database is damaged, so it may not know which files are used
}

// Check looks at all data, while a server may serve it, and reports each problem as it
// is found.
func (d *Data) Check(ctx context.Context, opt CheckOptions) (Contents, error) {
	c := &check{Data: d, CheckOptions: opt}
	var err error
	if _, c.contents.Secret, err = d.dir.ReadSecret(); err != nil {
		c.Found(Problem{What: ProblemSecret, Message: err.Error()})
	}
	if err := d.dir.RefuseOpen(); err != nil {
		for line := range strings.Lines(err.Error()) {
			c.Found(Problem{What: ProblemAccess, Message: strings.TrimSpace(line)})
		}
	}
	for _, step := range []func(context.Context) error{c.database, c.users, c.pictures, c.files} {
		err := step(ctx)
		switch {
		case errors.Is(err, store.ErrDamaged) && c.isDamaged: // already reported; check the rest
		case errors.Is(err, store.ErrDamaged):
			c.reportDamage(Problem{What: ProblemDatabase, Message: err.Error()})
		case err != nil:
			return c.contents, inWords(tryLater(err))
		}
	}
	return c.contents, nil
}

// reportDamage reports a problem of the database. From then on no file is removed.
func (c *check) reportDamage(p Problem) {
	c.RemoveOrphans, c.isDamaged = false, true
	c.Found(p)
}

func (c *check) database(ctx context.Context) error {
	c.Progress.report("checking the database", 0, 0)
	damages, harmless, err := c.db.Damages(ctx)
	for _, d := range damages {
		c.reportDamage(Problem{What: ProblemDatabase, Message: d})
	}
	for _, d := range harmless {
		c.Found(Problem{What: ProblemDatabase, Message: d})
	}
	if err != nil {
		return err
	}
	counts, err := c.db.Counts(ctx)
	c.contents.set(counts)
	return err
}

// users looks for rows that keep users from signing in.
func (c *check) users(ctx context.Context) error {
	var done int64
	return eachUser(ctx, c.db, "", func(row store.UserWithPicture) error {
		done++
		c.Progress.report("checking users", done, c.contents.Users)
		u := row.User
		if u.PasswordHash != "" && !password.WellFormed(u.PasswordHash) { // some have no password
			c.Found(Problem{What: ProblemUser, User: u.ID, Message: fmt.Sprintf("the password hash of user %s is damaged: no password matches it", u.ID)})
		}
		if u.EmailKey != account.EmailKey(u.Email) {
			c.Found(Problem{What: ProblemUser, User: u.ID, Message: fmt.Sprintf("the e-mail address of user %s does not match the form that login compares", u.ID)})
		}
		return nil
	})
}

// pictures looks for pictures whose files are missing or damaged.
func (c *check) pictures(ctx context.Context) error {
	var done int64
	return c.eachStored(ctx, c.db, func(stored storedPicture) error {
		row := stored.row
		done++
		c.Progress.report("checking pictures", done, c.contents.Pictures)
		if row.CropsVersion != "" && len(row.Crops) == 0 { // their rows are lost, so nothing names their files
			c.reportDamage(Problem{What: ProblemDatabase, User: row.UserID, Message: fmt.Sprintf("the rows of the crops of user %s are missing", row.UserID)})
		}
		for _, f := range stored.Files {
			if err := picture.CheckStored(f.Data, f.ContentType); err != nil {
				stored.Damaged = append(stored.Damaged, media.Damage{Key: f.Key,
					Err: media.DamagedFile(stored.UserID, f.Key, "is not a picture of type %s", f.ContentType)})
			}
		}
		for _, d := range stored.Damaged {
			c.Found(Problem{What: ProblemPicture, User: stored.UserID, File: d.Key, Message: d.Err.Error()})
		}
		return nil
	})
}

// nearlyNone is the share of files that must be named before others are removed: one in
// this many. A database that names fewer may be another one, or a new one.
const nearlyNone = 4

// refuseRemoval turns removal off if the database names few of the files. They are
// counted first, because removed files do not come back.
func (c *check) refuseRemoval(ctx context.Context) error {
	if !c.RemoveOrphans {
		return nil
	}
	var all, named int64
	err := c.list(ctx, func(item blob.Item) error {
		if item.Key == "" || item.Err != nil {
			return nil
		}
		known, err := c.db.KnowsFile(ctx, item.Key)
		all++
		if known {
			named++
		}
		c.Progress.report("counting files", all, 0)
		return err
	})
	if err == nil && named*nearlyNone < all {
		c.reportDamage(Problem{What: ProblemDatabase, Message: fmt.Sprintf("the database names only %d of %d files in the picture storage, "+
			"so it may be the wrong one; nothing is removed. If it is the right one, remove the files listed below by hand", named, all)})
	}
	return err
}

// files looks at everything in the picture storage.
func (c *check) files(ctx context.Context) error {
	if err := c.refuseRemoval(ctx); err != nil {
		return err
	}
	var done int64
	var damaged error // of the database; what does not need it is still reported
	err := c.list(ctx, func(item blob.Item) error {
		done++
		c.Progress.report("checking files", done, 0)
		switch {
		case item.Err != nil:
			c.Found(Problem{What: ProblemFile, File: item.Name, Message: fmt.Sprintf("the folder %s of the picture storage cannot be read: %v", item.Name, reason(item.Err))})
		case item.Key == "":
			c.Found(Problem{What: ProblemStray, File: item.Name, Message: fmt.Sprintf("%s in the picture storage is not a file of Cardea", item.Name)})
		default:
			err := c.file(ctx, item.Key)
			if !errors.Is(err, store.ErrDamaged) {
				return err
			}
			damaged = err
		}
		return nil
	})
	return cmp.Or(err, damaged)
}

// list calls f once for each item of the storage. If a bucket's server fails on the way, it lists them
// again, until that brings no new ones.
func (c *check) list(ctx context.Context, f func(blob.Item) error) error {
	seen := map[string]bool{}
	for {
		before := len(seen)
		var failed error                       // of f
		again := func(context.Context) error { // a list may take longer than the patience
			err := c.storage.List(ctx, func(item blob.Item) error {
				if seen[item.Name] {
					return nil
				}
				seen[item.Name] = true
				failed = f(item)
				return failed
			})
			if failed != nil {
				return nil
			}
			return err
		}
		err := storage.Patiently(ctx, c.patience, again)
		switch {
		case failed != nil || err == nil:
			return failed
		case len(seen) > before: // try again
		case storage.IsBucket(c.dir.Pictures):
			return fmt.Errorf("%w: %w", media.ErrUnavailable, err)
		default:
			return err
		}
	}
}

// file reports, or removes, a file that nothing names. A file that is being uploaded is
// on the list of orphans before it exists, so it is never found here.
func (c *check) file(ctx context.Context, key string) error {
	known, err := c.db.KnowsFile(ctx, key)
	if known || err != nil {
		return err
	}
	var stored time.Time
	err = storage.Patiently(ctx, c.patience, func(ctx context.Context) (err error) {
		stored, err = c.storage.ModTime(ctx, key)
		return err
	})
	if errors.Is(err, blob.ErrNotFound) { // removed meanwhile
		return nil
	}
	found := Problem{What: ProblemFile, File: key, Message: fmt.Sprintf("nothing names the file %s, stored at %s", key, stored.UTC().Format(time.RFC3339))}
	if err == nil && c.RemoveOrphans && c.opt.Now().Sub(stored) > media.OrphanGrace {
		err = storage.Patiently(ctx, c.patience, func(ctx context.Context) error { return c.storage.Delete(ctx, key) })
		found.Removed = err == nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if _, isOfFile := errors.AsType[*fs.PathError](err); err != nil && !isOfFile {
		return fmt.Errorf("%w: %w", media.ErrUnavailable, err)
	}
	if err != nil {
		found.Message = fmt.Sprintf("nothing names the file %s, and it cannot be read or removed: %v", key, reason(err))
	}
	c.Found(found)
	return nil
}

// eachPicture calls f for every picture of a database, which f may change.
func eachPicture(ctx context.Context, db pictureList, f func(store.Picture) error) error {
	for last := ""; ; {
		page, err := db.PicturesAfter(ctx, last, pageSize)
		if err != nil {
			return err
		}
		for _, row := range page {
			if err := errors.Join(ctx.Err(), f(row)); err != nil {
				return err
			}
			last = row.UserID
		}
		if len(page) < pageSize {
			return nil
		}
	}
}
