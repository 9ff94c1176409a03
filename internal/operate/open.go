// Package operate has the commands of operators: list, add, rename, suspend and delete
// users ([Users]); back up, restore, check, move and export a data folder, and import users
// to it ([Data]). The command cardea opens the data folder itself. A server may serve the
// same data meanwhile. It notices changes within a second.
package operate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"time"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/breached"
	"github.com/cardea-accounts/cardea/internal/database"
	"github.com/cardea-accounts/cardea/internal/datadir"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/outbox"
	"github.com/cardea-accounts/cardea/internal/password"
	"github.com/cardea-accounts/cardea/internal/secret"
	"github.com/cardea-accounts/cardea/internal/session"
	"github.com/cardea-accounts/cardea/internal/storage"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/user"
)

// Options are the settings that operators' acts need.
type Options struct {
	Argon2            password.Params
	PublicURL         *url.URL // its host is refused as a password; nil: none
	BreachedPasswords string   // a file; empty: none
	SessionIdle       time.Duration
	SessionMax        time.Duration
	Now               func() time.Time
	Log               *slog.Logger // gets an event for each act on a user
}

// Data is an open data folder. Its methods may be called from any goroutine.
type Data struct {
	*Users
	opt      Options
	dir      datadir.Dir
	place    database.Place
	db       *store.DB
	storage  blob.Store
	pictures *media.Pictures
	outbox   *outbox.Outbox
	keys     secret.Keys    // empty: there is no usable secret.key
	avatars  *media.Avatars // nil: there is no usable secret.key
	closers  []func() error // the last opened first
	patience time.Duration  // limits the time of all attempts to read a picture
}

// ErrNoData means that there is no database where the settings say.
var ErrNoData = database.ErrNoData

// Open opens a data folder that a server has made. Errors: [ErrNoData], and those of a
// database that another release has made.
func Open(ctx context.Context, place database.Place, opt Options) (*Data, error) {
	d := &Data{dir: place.Dir, place: place, opt: opt, patience: picturePatience}
	if err := d.open(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func (d *Data) open(ctx context.Context) (err error) {
	d.db, err = d.place.OpenExisting(ctx, func() (bool, error) { return storage.HasBlobs(ctx, d.dir.Pictures) })
	if err != nil {
		return err
	}
	d.onClose(d.db.Close)
	if d.db.ReadOnly() {
		d.storage, err = storage.Unopened(d.dir.Pictures)
	} else {
		d.storage, err = storage.Open(ctx, d.db, d.dir.Pictures, d.opt.Log)
	}
	if err != nil {
		return err
	}
	var list *breached.List // nil: none
	if d.opt.BreachedPasswords != "" {
		if list, err = breached.Open(d.opt.BreachedPasswords); err != nil {
			return fmt.Errorf("breached-passwords: %w", err)
		}
		d.onClose(list.Close)
	}
	if text, state, _ := d.dir.ReadSecret(); state == datadir.KeyPresent {
		if keys, err := secret.Parse(string(text)); err == nil {
			d.keys = keys
			d.avatars = media.NewAvatars(d.db, keys.Sub(secret.AvatarAddresses))
			d.onClose(func() error { d.avatars.Close(); return nil })
		}
	}
	d.assemble(list)
	return nil
}

// assemble makes the owners of state that the commands use. No request is served, so
// nothing is cached and nothing is throttled.
func (d *Data) assemble(list *breached.List) {
	now, log := d.opt.Now, d.opt.Log
	audit := guard.NewAudit(d.db, 0, now, log)
	limits := guard.NewLimits(d.db, audit, guard.Rules{}, false, now)
	watch := store.NewWatch(d.db, now)
	sessions := session.New(d.db, watch, audit, limits, session.Options{
		Idle: d.opt.SessionIdle, Max: d.opt.SessionMax, Cache: 1, Now: now, Log: log,
	})
	passwords := account.NewPasswords(account.PasswordOptions{Argon2: d.opt.Argon2, PublicURL: d.opt.PublicURL, Breached: list})
	d.pictures = media.NewPictures(d.db, watch, d.storage, audit, limits, media.Options{Now: now, Log: log})
	d.onClose(func() error { passwords.Close(); d.pictures.Close(); return nil })
	accounts := account.New(account.Options{
		DB: d.db, Guards: account.Guards{Audit: audit, Limits: limits}, Sessions: sessions, Passwords: passwords, Pictures: d.pictures, Now: now, Log: log,
	})
	d.outbox = outbox.New(d.db, audit, outbox.Options{Keys: d.keys.SubIfAny(secret.Outbox), Now: now, Log: log})
	d.Users = NewUsers(d.db, audit, accounts, sessions, d.pictures, now)
}

func (d *Data) onClose(f func() error) { d.closers = append([]func() error{f}, d.closers...) }

// Close closes the data folder.
func (d *Data) Close() error {
	var errs []error
	for _, closer := range d.closers {
		errs = append(errs, closer())
	}
	d.closers = nil
	return errors.Join(errs...)
}

// AvatarPath returns the path of a user's avatar_url, without a leading slash. Without a
// secret.key, it is the address by id, which always works.
func (d *Data) AvatarPath(u user.User) string {
	if u.Picture == nil && d.avatars == nil {
		return "users/" + u.ID + "/avatar"
	}
	return d.avatars.Path(u)
}

// reason is what the operating system says, without the call and the path.
func reason(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
