// Package house gives tests the owners of state, put together on a real database and a
// real picture folder, without HTTP. The clock moves only when told, and the storage can
// be made to fail.
package house

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/password"
	"github.com/cardea-accounts/cardea/internal/picture"
	"github.com/cardea-accounts/cardea/internal/secret"
	"github.com/cardea-accounts/cardea/internal/session"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/store/sqlite"
	"github.com/cardea-accounts/cardea/internal/token"
	"github.com/cardea-accounts/cardea/internal/user"
)

// Options say how a house differs from the usual one.
type Options struct {
	Throttled bool
	AuditKeep time.Duration // 0: 90 days
	Idle, Max time.Duration // of sessions; 0: an hour and a day
	Pixels    int           // 0: 50 million
}

// House is all owners of state on a database in a temporary folder.
type House struct {
	Folder    string // with cardea.db and pictures
	DB        *store.DB
	Watch     *store.Watch
	Storage   *Storage
	Audit     *guard.Audit
	Limits    *guard.Limits
	Sessions  *session.Service
	Pictures  *media.Pictures
	Avatars   *media.Avatars
	Passwords *account.Passwords
	Accounts  *account.Service
	Clock     *Clock
	Log       *Log
}

// New builds a house that lasts until the test ends.
func New(t testing.TB, opt Options) *House {
	t.Helper()
	h := &House{Folder: t.TempDir(), Clock: &Clock{now: time.Date(2026, 11, 22, 15, 4, 5, 0, time.UTC)}, Log: &Log{}}
	db, err := sqlite.Open(t.Context(), filepath.Join(h.Folder, "cardea.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	disk, err := blob.NewDisk(filepath.Join(h.Folder, "pictures"))
	if err != nil {
		t.Fatal(err)
	}
	h.DB, h.Storage = db, &Storage{Store: disk}
	h.assemble(t, opt)
	return h
}

func (h *House) assemble(t testing.TB, opt Options) {
	orDefault(&opt.AuditKeep, 90*24*time.Hour)
	orDefault(&opt.Idle, time.Hour)
	orDefault(&opt.Max, 24*time.Hour)
	orDefault(&opt.Pixels, 50_000_000)
	now, log, keys := h.Clock.Now, slog.New(slog.NewTextHandler(h.Log, nil)), secret.New()
	h.Watch = store.NewWatch(h.DB, now)
	h.Audit = guard.NewAudit(h.DB, opt.AuditKeep, now, log)
	h.Limits = guard.NewLimits(h.DB, h.Audit, guard.Rules{}, opt.Throttled, now, log)
	h.Sessions = session.New(h.DB, h.Watch, h.Audit, h.Limits, session.Options{Idle: opt.Idle, Max: opt.Max, Cache: 100, Now: now, Log: log})
	h.Passwords = account.NewPasswords(password.Params{Memory: 8, Time: 1}, nil, nil)
	h.Pictures = media.NewPictures(h.DB, h.Watch, h.Storage, h.Audit, h.Limits,
		media.Options{Limits: picture.Limits{MaxPixels: opt.Pixels}, Now: now, Log: log})
	h.Avatars = media.NewAvatars(h.DB, keys.Sub(secret.AvatarAddresses))
	t.Cleanup(func() { h.Passwords.Close(); h.Pictures.Close(); h.Avatars.Close() })
	guards := account.Guards{Audit: h.Audit, Limits: h.Limits, Devices: guard.NewDevices(keys.Sub(secret.DeviceCookies), opt.Throttled)}
	h.Accounts = account.New(h.DB, guards, h.Sessions, h.Passwords, now, log)
}

func orDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// Password is the one that [House.Register] gives.
const Password = "simplepass"

// Register makes an account and signs in to it.
func (h *House) Register(t testing.TB, email string) (user.User, token.Token) {
	t.Helper()
	u, signIn, err := h.Accounts.Register(t.Context(), account.Registration{Name: "Ada", Email: email, Password: Password}, guard.Client{})
	if err != nil {
		t.Fatal(err)
	}
	return u, signIn.Session
}

// IsSignedIn reports whether a token is that of a live session.
func (h *House) IsSignedIn(t testing.TB, tok token.Token) bool {
	t.Helper()
	_, err := h.Sessions.Find(t.Context(), tok)
	if public, ok := err.(*guard.Error); err != nil && (!ok || public.Code != guard.ErrNotLoggedIn.Code) { //nolint:errorlint // as it comes
		t.Fatal(err)
	}
	return err == nil
}

// Sweep does once what the background jobs do.
func (h *House) Sweep(ctx context.Context) []error {
	var errs []error
	for _, sweep := range []func(context.Context) error{
		h.Sessions.Sweep, h.Pictures.SweepOrphans, h.Pictures.SweepCrops, h.Limits.Sweep, h.Audit.Sweep,
	} {
		if err := sweep(ctx); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// PNG draws a picture of one colour.
func PNG(t testing.TB, width, height int, c color.Color) []byte {
	t.Helper()
	img := image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{c})
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Clock moves only when told.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now returns what the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance turns the clock forward, or back.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Log keeps what was logged.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements [io.Writer].
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Storage is a picture storage that fails if it is told to.
type Storage struct {
	blob.Store
	FailPut, FailDelete error
}

// Put stores half of the data if it is to fail.
func (s *Storage) Put(ctx context.Context, key string, data []byte) error {
	if s.FailPut != nil {
		_ = s.Store.Put(ctx, key, data[:len(data)/2])
		return s.FailPut
	}
	return s.Store.Put(ctx, key, data)
}

// Delete fails if it is told to.
func (s *Storage) Delete(ctx context.Context, key string) error {
	if s.FailDelete != nil {
		return s.FailDelete
	}
	return s.Store.Delete(ctx, key)
}
