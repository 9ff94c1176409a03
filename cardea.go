// Package cardea is a user-accounts backend: it registers users, signs them in, keeps
// them signed in with a cookie, lets an app ask who is signed in, and stores profile pictures.
// It sends e-mail to verify addresses, to reset passwords and to warn of changes.
//
// The command cardea (cmd/cardea) runs it as a server. A Go program can mount it among
// its own handlers instead:
//
//	accounts, err := cardea.New(cardea.Config{Data: "accounts-data"})
//	…
//	go accounts.Run(ctx) // background jobs; Run must return before Close
//	for _, path := range []string{
//		"/api/", "/uploads/", "/avatars/", "/users/",
//		"/login", "/forgot", "/reset", "/verify", "/undo", "/static/",
//	} {
//		mux.Handle(path, accounts)
//	}
//	mux.Handle("/members", accounts.RequireUser(members))
//
// The links in mails lead to /login, /forgot, /reset, /verify and /undo, whose styles and
// scripts are under /static/. docs/embed.md says how to mount the other pages too. Mail needs
// [Config.SMTPURL], and [Config.PublicURL] for the links; without a server it waits in the
// outbox. For development, set [Config.Dev] and mount /dev/ too: /dev/mail shows every message.
//
// What clients can rely on is described in README.md and docs/.
package cardea

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"sync"
	"time"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/breached"
	"github.com/cardea-accounts/cardea/internal/challenge"
	"github.com/cardea-accounts/cardea/internal/clock"
	"github.com/cardea-accounts/cardea/internal/conns"
	"github.com/cardea-accounts/cardea/internal/database"
	"github.com/cardea-accounts/cardea/internal/datadir"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/operate"
	"github.com/cardea-accounts/cardea/internal/outbox"
	"github.com/cardea-accounts/cardea/internal/run"
	"github.com/cardea-accounts/cardea/internal/secret"
	"github.com/cardea-accounts/cardea/internal/session"
	"github.com/cardea-accounts/cardea/internal/storage"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/user"
	"github.com/cardea-accounts/cardea/internal/web"
	"github.com/cardea-accounts/cardea/internal/web/ops"
	"github.com/cardea-accounts/cardea/internal/workers"
)

// Version of this release.
const Version = "0.1.0"

// ErrInUse means that another process serves the same database.
var ErrInUse = datadir.ErrInUse

// Server is an accounts backend over one data folder. It is an [http.Handler] for all
// routes of the contract. [Server.Run] does its background work. [Server.Close] releases
// the data folder. Its methods may be called from any goroutine.
type Server struct {
	cfg     Config
	clock   *clock.Clock // cfg.Clock without jumps
	web     *web.Server
	jobs    *run.Runner
	conns   *conns.Limit // of Serve
	place   database.Place
	figures ops.Sources
	close   func() error
	closers []func() error // the last opened first
}

// New opens the data folder, or creates it, and returns a server that is ready to answer.
// Zero fields of cfg take the values of [Default]. Errors: those of [Config.Validate],
// [ErrInUse], and those of the file system and the database.
func New(cfg Config) (*Server, error) {
	cfg = cfg.withDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, clock: clock.New(cfg.Clock)}
	s.cfg.Clock = s.clock.Now
	s.close = sync.OnceValue(s.closeAll)
	if err := s.open(context.Background()); err != nil {
		return nil, errors.Join(err, s.closeAll())
	}
	return s, nil
}

// open opens the data folder, the database and the picture storage, and assembles the
// server on them.
func (s *Server) open(ctx context.Context) error {
	var list *breached.List // nil: none
	if s.cfg.BreachedPasswords != "" {
		var err error
		if list, err = breached.Open(s.cfg.BreachedPasswords); err != nil { // before anything is made
			return fmt.Errorf("breached-passwords: %w", err)
		}
		s.onClose(list.Close)
	}
	app, err := s.cfg.flaskKeys()
	if err != nil {
		return err
	}
	dir, err := s.cfg.place()
	if err != nil {
		return err
	}
	if err := dir.MakePrivate(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("data: %w", err)
	}
	if err := dir.RefuseOpen(); err != nil && s.cfg.DataAccess == "private" {
		return fmt.Errorf("data: %w; or allow it with --data-access any", err)
	}
	db, end, err := dir.Serve(ctx, func() (bool, error) { return storage.HasBlobs(ctx, dir.Pictures) })
	if err != nil {
		return err
	}
	s.onClose(end)
	files, err := storage.Open(ctx, db, dir.Pictures, s.cfg.Log)
	if err != nil {
		return err
	}
	s.place = dir
	if err := s.warnOfLostKey(ctx, dir.Dir, db); err != nil {
		return err
	}
	keys, err := dir.Keys()
	if err != nil {
		return fmt.Errorf("data: %w", err)
	}
	taken, err := s.takeFlask(ctx, db, app, keys)
	if err != nil {
		return err
	}
	return s.assemble(ctx, dir, db, files, keys, list, taken)
}

// assemble makes the owners of state and the jobs that run in the background.
func (s *Server) assemble(ctx context.Context, dir database.Place, db *store.DB, files blob.Store, keys secret.Keys, list *breached.List, taken *session.Flask) error {
	cfg, now, log := s.cfg, s.cfg.Clock, s.cfg.Log
	isThrottled := cfg.RateLimit == "on"
	watch := store.NewWatch(db, now)
	audit := guard.NewAudit(db, cfg.AuditKeep, now, log)
	limits := guard.NewLimits(db, audit, cfg.rules(), isThrottled, now)
	devices := guard.NewDevices(keys.Sub(secret.DeviceCookies), isThrottled)
	sessions := session.New(db, watch, audit, limits, s.sessionOptions(taken))
	passwords := account.NewPasswords(cfg.passwordOptions(list))
	space := guard.NewSpace(log, disks(dir)...)
	pictures := media.NewPictures(db, watch, files, audit, limits, cfg.mediaOptions(space, files))
	avatars := media.NewAvatars(db, keys.Sub(secret.AvatarAddresses))
	s.onClose(func() error { passwords.Close(); pictures.Close(); avatars.Close(); return nil })
	post, err := s.openMail(db, audit, keys)
	if err != nil {
		return err
	}
	challenges := challenge.New(db, keys.Sub(secret.Codes), now)
	accounts := account.New(account.Options{
		DB: db, Guards: account.Guards{Audit: audit, Limits: limits, Devices: devices, Space: space},
		Sessions: sessions, Passwords: passwords, Pictures: pictures, Mail: cfg.mailOptions(challenges, post),
		IsClosed: cfg.Registration == "closed", Now: now, Log: log,
	})

	budget := guard.NewBudget(isThrottled, now, log)
	const sweep = 30 * time.Second
	s.jobs = run.New(log,
		// A failure need not be logged: without a fresh look, every request reads the database and reports its errors.
		run.Job{Name: "watch", Every: store.WatchInterval, Do: func(ctx context.Context) error { _ = watch.Look(ctx); return nil }},
		run.Job{Name: "last_seen", Every: session.FlushInterval, Do: db.Unpaused(sessions.FlushUses), Stop: sessions.StopUses},
		run.Job{Name: "sessions", Every: sweep, Do: db.Unpaused(s.clock.WhenSettled(sessions.Sweep))},
		run.Job{Name: "mail", Every: outbox.Interval, Do: db.Unpaused(post.outbox.Send)},
		run.Job{Name: "outbox", Every: sweep, Do: db.Unpaused(s.clock.WhenSettled(post.outbox.Sweep))},
		run.Job{Name: "challenges", Every: sweep, Do: db.Unpaused(s.clock.WhenSettled(challenges.Sweep))},
		run.Job{Name: "orphans", Every: sweep, Do: db.Unpaused(pictures.SweepOrphans)},
		run.Job{Name: "crops", Every: sweep, Do: db.Unpaused(pictures.SweepCrops)},
		run.Job{Name: "attempts", Every: sweep, Do: db.Unpaused(s.clock.WhenSettled(limits.Sweep))},
		run.Job{Name: "quick_check", Every: store.QuickCheckInterval, Do: func(ctx context.Context) error { return s.quickCheck(ctx, db) }},
		run.Job{Name: "audit", Every: sweep, Do: db.Unpaused(s.clock.WhenSettled(audit.Sweep))},
	)
	looks, err := cfg.looks(post.book)
	if err != nil {
		return err
	}
	s.web = web.New(web.Owners{
		Accounts: accounts, Sessions: sessions, Pictures: pictures, Avatars: avatars,
		Readiness: operate.NewReadiness(db, pictures), Space: space, Mailbox: outbox.NewMailbox(post.outbox, post.composer), Outbox: post.outbox,
	}, cfg.webOptions(post.book, budget), looks)
	s.conns = conns.New(conns.Options{Most: conns.Most(cfg.Memory), Proxies: cfg.TrustedProxies, Now: now, Log: log})
	s.figures = ops.Sources{
		Version: Version, DB: db, Files: files, Audit: audit, Sessions: sessions, Space: space, Budget: budget,
		Jobs: s.jobs, Outbox: post.outbox, HTTP: s.web.Metrics(), Conns: s.conns,
		Pools: map[string]func() workers.Load{"hashing": passwords.Load, "decoding": pictures.Load, "drawing": avatars.Load},
	}
	return errors.Join(pictures.ForgetInterrupted(ctx), post.outbox.ForgetInterrupted(ctx))
}

func (s *Server) onClose(f func() error) { s.closers = append([]func() error{f}, s.closers...) }

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.web.ServeHTTP(w, r) }

// Run does the background work, such as deleting expired sessions, until ctx ends. It
// returns when all of it has stopped. [Server.Serve] includes it.
func (s *Server) Run(ctx context.Context) {
	var warning sync.WaitGroup
	warning.Go(func() { s.warnOfLostWrites(ctx) }) // no job waits for the answer
	s.jobs.Run(ctx)
	warning.Wait()
}

// Metrics returns a handler that serves metrics in the text format of Prometheus. Mount it
// where only operators can reach it.
func (s *Server) Metrics() http.Handler { return ops.Metrics(s.figures, s.cfg.Clock) }

// Close closes the data folder. Call it after the last request was answered and
// [Server.Run] has returned. A second call does nothing.
func (s *Server) Close() error { return s.close() }

func (s *Server) closeAll() error {
	var errs []error
	for _, closer := range s.closers {
		errs = append(errs, closer())
	}
	return errors.Join(errs...)
}

// User is a signed-in user.
type User struct {
	ID            string // 16 lower-case characters; imported users keep theirs
	Name          string
	Email         string // as typed
	EmailVerified bool
	PictureURL    string // absolute; empty without a picture
	AvatarURL     string // absolute: the picture, or a default avatar with the initials
	CreatedAt     time.Time
}

// RequireUser lets only requests of signed-in users through to next, which finds the user
// with [CurrentUser]. Others get 401 {"status":"error","message":"Not logged in", …}, or
// 503 if the database does not answer.
//
// If loginURL is given, browsers that ask for a page are redirected there instead, with
// the path to return to in the parameter next.
//
// It does not protect next from cross-site requests. Put [http.CrossOriginProtection]
// around handlers that change something.
func (s *Server) RequireUser(next http.Handler, loginURL ...string) http.Handler {
	login := ""
	if len(loginURL) > 0 {
		login = loginURL[0]
	}
	return s.web.RequireUser(next, s.attach, login)
}

// OptionalUser passes every request to next. [CurrentUser] finds the user if one is
// signed in. It answers 503 if the database does not answer.
func (s *Server) OptionalUser(next http.Handler) http.Handler {
	return s.web.OptionalUser(next, s.attach)
}

type userKey struct{}

// CurrentUser returns the signed-in user inside a handler of [Server.RequireUser] or
// [Server.OptionalUser]; false elsewhere, and if no user is signed in.
func CurrentUser(ctx context.Context) (User, bool) {
	u, ok := ctx.Value(userKey{}).(User)
	return u, ok
}

// attach puts a user into a request's context.
func (s *Server) attach(r *http.Request, u user.User) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), userKey{}, User{
		ID: u.ID, Name: u.Name, Email: u.Email, EmailVerified: u.EmailVerified,
		PictureURL: s.web.PictureURL(r, u), AvatarURL: s.web.AvatarURL(r, u), CreatedAt: u.CreatedAt,
	}))
}
