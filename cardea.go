// Package cardea is a user-accounts backend: it registers people, signs them in,
// keeps them signed in with a cookie, says who they are, and keeps their profile
// picture.
//
// The command cardea (cmd/cardea) runs it as a server of its own. A Go program
// can as well mount it among its own handlers:
//
//	accounts, err := cardea.New(cardea.Config{Data: "accounts-data"})
//	…
//	go accounts.Run(ctx)
//	mux.Handle("/api/", accounts)
//	mux.Handle("/uploads/", accounts)
//	mux.Handle("/avatars/", accounts)
//	mux.Handle("/members", accounts.RequireUser(members))
//
// Passwords are hashed and pictures decoded in threads of their own, which have a
// low priority on Linux, one a core for each of the two. From the first of these until
// [Server.Close], GOMAXPROCS is higher by their number, for the whole program; the Go
// runtime then no longer follows changes of a container's CPU limit.
//
// What clients can rely on is described in README.md and docs/.
package cardea

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/breached"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/web"
)

// Version of this release.
const Version = "0.1.0"

// Server is an accounts backend over one data folder. It is an [http.Handler]
// for all routes of the contract; [Server.Run] does its background work and
// [Server.Close] ends it. Its methods may be called from any goroutine.
type Server struct {
	cfg      Config
	lock     *flock.Flock
	db       *store.DB
	breached *breached.List // nil: none
	accounts *account.Service
	web      *web.Server
	close    func() error
}

// ErrInUse: another process serves the same database.
var ErrInUse = errors.New("another Cardea uses this database")

// New opens the data folder, which it makes if it is missing, and returns a
// server that is ready to answer. Zero fields of cfg take the values of
// [Default]. Errors: what [Config.Validate] finds, [ErrInUse], and those of the
// file system and the database.
func New(cfg Config) (*Server, error) {
	cfg = cfg.withDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg}
	s.close = sync.OnceValue(s.closeAll)
	if err := s.open(context.Background()); err != nil {
		return nil, errors.Join(err, s.closeAll())
	}
	return s, nil
}

func (s *Server) open(ctx context.Context) (err error) {
	if s.breached, err = s.cfg.breachedList(); err != nil { // before anything is made
		return err
	}
	if err := os.MkdirAll(s.cfg.Data, 0o700); err != nil {
		return fmt.Errorf("data: cannot make the folder: %w", err)
	}
	if err := s.lockDatabase(); err != nil {
		return err
	}
	if err := refuseHalfRestored(s.cfg); err != nil {
		return err
	}
	if err := refuseLost(ctx, s.cfg); err != nil {
		return err
	}
	if s.db, err = store.Open(ctx, s.cfg.database()); err != nil {
		return fmt.Errorf("database: cannot open it: %w", err)
	}
	pictures, err := blob.NewDisk(s.cfg.storage())
	if err != nil {
		return fmt.Errorf("storage: cannot make the folder: %w", err)
	}
	secret, err := deviceSecret(s.cfg.Data)
	if err != nil {
		return fmt.Errorf("data: %w", err)
	}
	s.accounts = account.New(s.db, pictures, s.cfg.accountOptions(secret, s.breached))
	s.web = web.New(s.accounts, s.cfg.webOptions())
	return s.accounts.ForgetInterrupted(ctx)
}

// lockDatabase makes this process the only one that serves the database; the
// operating system frees the lock however the process ends.
func (s *Server) lockDatabase() (err error) {
	s.lock, err = lockDatabase(s.cfg.database())
	return err
}

// lockDatabase returns a lock that is to be closed, if it is not nil.
func lockDatabase(database string) (*flock.Flock, error) {
	lock := flock.New(database+".lock", flock.SetPermissions(0o600))
	locked, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("database: cannot lock it: %w", err)
	}
	if !locked {
		return nil, fmt.Errorf("%w: %s; stop the other one, or give this one data of its own", ErrInUse, database)
	}
	return lock, nil
}

// refuseLost fails where a database was, of which nothing but an empty file is left:
// there are pictures. Without any, the first start was interrupted.
func refuseLost(ctx context.Context, cfg Config) error {
	info, err := os.Stat(cfg.database())
	if err != nil || info.Size() > 0 {
		return nil //nolint:nilerr // opening it tells
	}
	if !blob.Holds(ctx, cfg.storage()) {
		return nil
	}
	return fmt.Errorf("database: %s is empty, but there are pictures in %s, so that there were people: restore a backup; "+
		"or, if all of them may go, move the pictures elsewhere and start again", cfg.database(), cfg.storage())
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.web.ServeHTTP(w, r) }

// Run does the background work, such as removing expired sessions, until ctx
// ends, and returns when all of it has stopped. [Server.Serve] includes it.
func (s *Server) Run(ctx context.Context) { s.accounts.Run(ctx) }

// Close closes the data folder. It is to be called when nothing is served any
// more and Run has returned; a second call does nothing.
func (s *Server) Close() error { return s.close() }

func (s *Server) closeAll() error {
	if s.accounts != nil {
		s.accounts.Close()
	}
	err := closeData(s.db, s.breached)
	if s.lock != nil {
		err = errors.Join(err, s.lock.Close())
	}
	return err
}

// closeData closes what is open; what is nil is not.
func closeData(db *store.DB, list *breached.List) error {
	var errs []error
	if db != nil {
		errs = append(errs, db.Close())
	}
	if list != nil {
		errs = append(errs, list.Close())
	}
	return errors.Join(errs...)
}

// User is a person who is signed in.
type User struct {
	ID            string // 16 lower-case characters; imported people keep theirs
	Name          string
	Email         string // as typed
	EmailVerified bool
	PictureURL    string // absolute; empty without a picture
	AvatarURL     string // absolute: the picture, or else a face drawn from the name
	CreatedAt     time.Time
}

// RequireUser lets only requests of signed-in people through to next, which
// finds the person with [CurrentUser]. Others get 401 {"status":"error",
// "message":"Not logged in", …}, or 503 when the database cannot be asked.
//
// It does not protect next from requests that pages of other sites send; use
// [http.CrossOriginProtection] around handlers that change something.
func (s *Server) RequireUser(next http.Handler) http.Handler {
	return s.web.RequireUser(next, func(r *http.Request, u account.User) *http.Request {
		return r.WithContext(context.WithValue(r.Context(), userKey{}, User{
			ID: u.ID, Name: u.Name, Email: u.Email, EmailVerified: u.EmailVerified,
			PictureURL: s.web.PictureURL(r, u), AvatarURL: s.web.AvatarURL(r, u), CreatedAt: u.CreatedAt,
		}))
	}, "")
}

type userKey struct{}

// CurrentUser returns the person who is signed in, inside a handler behind
// [Server.RequireUser]; false elsewhere.
func CurrentUser(ctx context.Context) (User, bool) {
	u, ok := ctx.Value(userKey{}).(User)
	return u, ok
}
