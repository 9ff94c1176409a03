package operate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/session"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/user"
)

// Users has the operators' acts on users. A user is named by e-mail address, in any
// spelling, or by id. Nothing here is throttled. Errors are sentences for the operator.
type Users struct {
	db       *store.DB
	audit    *guard.Audit
	accounts *account.Service
	sessions *session.Service
	pictures *media.Pictures
	now      func() time.Time
}

// NewUsers returns the acts on the users of a database.
func NewUsers(db *store.DB, audit *guard.Audit, accounts *account.Service, sessions *session.Service, pictures *media.Pictures, now func() time.Time) *Users {
	return &Users{db, audit, accounts, sessions, pictures, now}
}

// ErrNoUser means that no user has the e-mail address or id.
var ErrNoUser = errors.New("no such user")

// command is the client of operators' commands. It has no address.
var command = guard.Client{}

// Query asks for users in the order of their e-mail addresses.
type Query struct {
	Search string // part of the name or address, in any case; empty: all users
	After  string // continue after this e-mail address; empty: from the beginning
	Limit  int
}

const (
	// pageSize is how many users or pictures are read at a time.
	pageSize = 500
	// lastKey is greater than every compared form of an address. As UTF-8, Unicode's last
	// code point sorts after all others.
	lastKey = "\U0010ffff"
)

// List calls f for each user of a page and reports whether there are more users after it.
func (u *Users) List(ctx context.Context, q Query, f func(user.User) error) (hasMore bool, err error) {
	search := account.EmailKey(q.Search)
	listed := 0
	err = eachUser(ctx, u.db, account.EmailKey(q.After), func(row store.UserWithPicture) error {
		if !strings.Contains(row.User.EmailKey, search) && !strings.Contains(account.EmailKey(row.User.Name), search) {
			return nil
		}
		if listed++; listed > q.Limit {
			hasMore = true
			return errEnough
		}
		return f(user.From(row.User, row.Picture))
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return hasMore, inWords(err)
}

// errEnough ends [eachUser] early.
var errEnough = errors.New("enough")

// eachUser calls f for the users after a compared form of address, in its order.
func eachUser(ctx context.Context, db *store.DB, after string, f func(store.UserWithPicture) error) error {
	from := after
	if from != "" {
		from = nextKey(from)
	}
	for {
		page, err := db.UsersByEmailKey(ctx, from, lastKey, pageSize)
		if err != nil {
			return err
		}
		for _, row := range page {
			if err := errors.Join(ctx.Err(), f(row)); err != nil {
				return err
			}
			from = nextKey(row.User.EmailKey)
		}
		if len(page) < pageSize {
			return nil
		}
	}
}

// nextKey is the least string after key that a database can keep: PostgreSQL has no NUL.
func nextKey(key string) string { return key + "\x01" }

// Detail is a user with everything else known about the user.
type Detail struct {
	user.User
	PictureType    string    // content type; empty without a picture
	PictureUpdated time.Time // zero without a picture
	Sessions       []session.Info
}

// Show returns a user. Error: [ErrNoUser].
func (u *Users) Show(ctx context.Context, who string) (Detail, error) {
	row, err := u.find(ctx, who)
	if err != nil {
		return Detail{}, err
	}
	p, err := u.picture(ctx, row.ID)
	if err != nil {
		return Detail{}, inWords(err)
	}
	d := Detail{User: user.From(row, p)}
	if p != nil {
		d.PictureType, d.PictureUpdated = p.ContentType, p.UpdatedAt
	}
	d.Sessions, err = u.sessions.List(ctx, row.ID, "")
	return d, inWords(err)
}

// Events lists the latest events of the user with an id, newest first, at most limit. It
// works for deleted users, too.
func (u *Users) Events(ctx context.Context, id string, limit int) ([]guard.Entry, error) {
	list, err := u.audit.OfUser(ctx, id, limit)
	return list, inWords(err)
}

// Add makes an account by the rules of a registration, without signing in.
func (u *Users) Add(ctx context.Context, r account.Registration) (user.User, error) {
	added, err := u.accounts.Add(ctx, r)
	return added, inWords(u.sayWho(ctx, r.Email, err))
}

// sayWho names the user who has a taken e-mail address.
func (u *Users) sayWho(ctx context.Context, email string, err error) error {
	if !errors.Is(err, account.ErrEmailTaken) {
		return err
	}
	row, lookUp := u.db.UserByEmailKey(ctx, account.EmailKey(email))
	if lookUp != nil {
		return err
	}
	return &wordedError{fmt.Sprintf("the user %s (%s) has this e-mail address", row.ID, row.Email), err}
}

// Rename gives a user another name. Error: [ErrNoUser].
func (u *Users) Rename(ctx context.Context, who, name string) (user.User, error) {
	return u.act(ctx, who, func(row *store.User) (err error) {
		row.Name, err = u.accounts.SetName(ctx, row.ID, name, command)
		return err
	})
}

// SetEmail gives a user another e-mail address, by the rules of a registration. It counts
// as not verified, unless it is the same in another spelling. Error: [ErrNoUser].
func (u *Users) SetEmail(ctx context.Context, who, email string) (user.User, error) {
	return u.act(ctx, who, func(row *store.User) (err error) {
		row.Email, row.EmailVerified, err = u.accounts.SetEmail(ctx, row.ID, email, command)
		return u.sayWho(ctx, email, err)
	})
}

// SetPassword gives a user a new password by the rules of a registration, and ends all
// sessions of the user; it returns how many. Error: [ErrNoUser].
func (u *Users) SetPassword(ctx context.Context, who string, password account.Password) (changed user.User, ended int64, err error) {
	changed, err = u.act(ctx, who, func(row *store.User) (err error) {
		ended, err = u.accounts.SetPassword(ctx, user.From(*row, nil), password, command)
		return err
	})
	return changed, ended, err
}

// Suspend ends all sessions of a user and refuses to sign the user in until [Users.Unsuspend].
// It returns how many sessions ended. A suspended user stays as is. Error: [ErrNoUser].
func (u *Users) Suspend(ctx context.Context, who string) (changed user.User, ended int64, err error) {
	changed, err = u.act(ctx, who, func(row *store.User) error {
		if !row.SuspendedAt.IsZero() {
			return nil
		}
		row.SuspendedAt = store.Stored(u.now())
		return u.audit.TransactEvent(ctx, guard.EventSuspended, row.ID, command, func(tx *store.Tx) (err error) {
			if ended, err = tx.DeleteSessionsOfUser(ctx, row.ID, "", row.SuspendedAt); err != nil {
				return err
			}
			return tx.SetSuspended(ctx, row.ID, row.SuspendedAt)
		})
	})
	return changed, ended, err
}

// Unsuspend lets a suspended user sign in again. Error: [ErrNoUser].
func (u *Users) Unsuspend(ctx context.Context, who string) (user.User, error) {
	return u.act(ctx, who, func(row *store.User) error {
		if row.SuspendedAt.IsZero() {
			return nil
		}
		row.SuspendedAt = time.Time{}
		return u.audit.TransactEvent(ctx, guard.EventUnsuspended, row.ID, command, func(tx *store.Tx) error {
			return tx.SetSuspended(ctx, row.ID, row.SuspendedAt)
		})
	})
}

// EndSessions ends all sessions of a user and returns how many. Error: [ErrNoUser].
func (u *Users) EndSessions(ctx context.Context, who string) (changed user.User, ended int64, err error) {
	changed, err = u.act(ctx, who, func(row *store.User) (err error) {
		ended, err = u.sessions.EndAll(ctx, row.ID, "", command)
		return err
	})
	return changed, ended, err
}

// EndAllSessions ends every session of every user and returns how many.
func (u *Users) EndAllSessions(ctx context.Context) (ended int64, err error) {
	ended, err = u.sessions.EndEverything(ctx, command)
	return ended, inWords(err)
}

// Delete removes a user with the sessions and the picture. Error: [ErrNoUser].
func (u *Users) Delete(ctx context.Context, who string) (user.User, error) {
	var files []string
	deleted, err := u.act(ctx, who, func(row *store.User) error {
		return u.audit.TransactEvent(ctx, guard.EventUserDeleted, row.ID, command, func(tx *store.Tx) (err error) {
			if files, err = u.pictures.Orphan(ctx, tx, row.ID); err != nil {
				return err
			}
			return tx.DeleteUser(ctx, row.ID)
		})
	})
	if err == nil {
		u.pictures.Discard(context.WithoutCancel(ctx), files)
	}
	return deleted, err
}

// act finds a user, calls f to change the user, and returns the user as f left it.
func (u *Users) act(ctx context.Context, who string, f func(row *store.User) error) (user.User, error) {
	row, err := u.find(ctx, who)
	if err != nil {
		return user.User{}, err
	}
	p, err := u.picture(ctx, row.ID)
	if err == nil {
		err = f(&row)
	}
	if errors.Is(err, store.ErrNotFound) { // deleted meanwhile
		err = noUser(who)
	}
	return user.From(row, p), inWords(err)
}

// picture returns the row of a user's picture; nil without one.
func (u *Users) picture(ctx context.Context, userID string) (*store.Picture, error) {
	p, err := u.db.PictureOfUser(ctx, userID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil //nolint:nilnil // no picture is no error
	}
	return &p, err
}

func (u *Users) find(ctx context.Context, who string) (row store.User, err error) {
	if strings.Contains(who, "@") {
		row, err = u.db.UserByEmailKey(ctx, account.EmailKey(who))
	} else {
		row, err = u.db.UserByID(ctx, strings.TrimSpace(who))
	}
	if errors.Is(err, store.ErrNotFound) {
		err = noUser(who)
	}
	return row, inWords(err)
}

func noUser(who string) error {
	return &wordedError{fmt.Sprintf("there is no user with the e-mail address or id %q", who), ErrNoUser}
}
