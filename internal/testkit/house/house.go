// Package house gives tests the owners of state, put together on a real database and a
// real picture folder, without HTTP. The clock moves only when told, and the storage can
// be made to fail.
package house

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/challenge"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/mail"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/outbox"
	"github.com/cardea-accounts/cardea/internal/password"
	"github.com/cardea-accounts/cardea/internal/picture"
	"github.com/cardea-accounts/cardea/internal/secret"
	"github.com/cardea-accounts/cardea/internal/session"
	"github.com/cardea-accounts/cardea/internal/smtp"
	"github.com/cardea-accounts/cardea/internal/storage"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/testkit/s3"
	"github.com/cardea-accounts/cardea/internal/token"
	"github.com/cardea-accounts/cardea/internal/user"
	"github.com/cardea-accounts/cardea/internal/words"
)

// Options say how a house differs from the usual one.
type Options struct {
	Throttled bool
	Rules     guard.Rules     // zero: the defaults
	AuditKeep time.Duration   // 0: 90 days
	Idle, Max time.Duration   // of sessions; 0: an hour and a day
	Hash      password.Params // zero: as cheap as possible
	Senders   []*smtp.Sender  // without any, no mail is sent
	// VerifiesFirst: nobody signs in before their address is verified.
	VerifiesFirst bool
	Space         *guard.Space // nil: there is always space
	Pictures      string       // where they are, as the setting storage says; empty: in the house's folder
}

// House is all owners of state on a database in a temporary folder.
type House struct {
	Folder     string // with cardea.db and pictures, as a data folder has them
	DB         *store.DB
	Watch      *store.Watch
	Storage    *Storage
	Audit      *guard.Audit
	Limits     *guard.Limits
	Devices    guard.Devices
	Sessions   *session.Service
	Pictures   *media.Pictures
	Avatars    *media.Avatars
	Passwords  *account.Passwords
	Challenges *challenge.Service
	Outbox     *outbox.Outbox
	Accounts   *account.Service
	Clock      *Clock
	Log        *Log

	close func() error
}

func noPictures() (bool, error) { return false, nil }

// Close closes the database before the test ends, so another house can use it.
func (h *House) Close(t testing.TB) {
	t.Helper()
	if err := h.close(); err != nil {
		t.Fatal(err)
	}
}

// New builds a house that lasts until the test ends.
func New(t testing.TB, opt Options) *House {
	t.Helper()
	return At(t, t.TempDir(), opt)
}

// At builds a house on a folder, which may have the data of another house.
func At(t testing.TB, folder string, opt Options) *House {
	t.Helper()
	if err := os.Chmod(folder, 0o700); err != nil { //nolint:gosec // a folder, as the server makes it
		t.Fatal(err)
	}
	h := &House{Folder: folder, Clock: NewClock(), Log: &Log{}}
	db, end, err := Place(t, folder, "").Serve(t.Context(), noPictures)
	if err != nil {
		t.Fatal(err)
	}
	h.close = sync.OnceValue(end)
	t.Cleanup(func() { _ = h.close() })
	h.DB, h.Storage = db, &Storage{Store: openStorage(t, db, opt.Pictures, filepath.Join(h.Folder, "pictures"))}
	h.assemble(t, opt)
	return h
}

// openStorage opens a place or, if that is empty, a folder, or a bucket over it with CARDEA_TEST_STORAGE=s3.
func openStorage(t testing.TB, db *store.DB, place, folder string) blob.Store {
	t.Helper()
	if place == "" && s3.Everywhere() {
		place = s3.Over(t, folder).Storage()
	}
	orDefault(&place, folder)
	files, err := storage.Open(t.Context(), db, place, slog.Default())
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func (h *House) assemble(t testing.TB, opt Options) {
	orDefault(&opt.AuditKeep, 90*24*time.Hour)
	orDefault(&opt.Idle, time.Hour)
	orDefault(&opt.Max, 24*time.Hour)
	orDefault(&opt.Hash, password.Params{Memory: 8, Time: 1})
	now, log, keys := h.Clock.Now, slog.New(slog.NewTextHandler(h.Log, nil)), secret.New()
	h.Watch = store.NewWatch(h.DB, now)
	h.Audit = guard.NewAudit(h.DB, opt.AuditKeep, now, log)
	orDefault(&opt.Rules.Account, guard.Limit{Count: 10, Window: 10 * time.Minute})
	orDefault(&opt.Rules.Address, guard.Limit{Count: 100, Window: 10 * time.Minute})
	orDefault(&opt.Rules.Register, guard.Limit{Count: 100, Window: time.Hour})
	orDefault(&opt.Rules.MailRecipient, guard.Limit{Count: 5, Window: time.Hour})
	orDefault(&opt.Rules.MailAddress, guard.Limit{Count: 20, Window: time.Hour})
	orDefault(&opt.Rules.MailTotal, guard.Limit{Count: 1000, Window: time.Hour})
	h.Limits = guard.NewLimits(h.DB, h.Audit, opt.Rules, opt.Throttled, now)
	h.Sessions = session.New(h.DB, h.Watch, h.Audit, h.Limits, session.Options{Idle: opt.Idle, Max: opt.Max, Cache: 100, PerUser: 1000, Now: now, Log: log})
	h.Passwords = account.NewPasswords(account.PasswordOptions{Argon2: opt.Hash})
	h.Pictures = media.NewPictures(h.DB, h.Watch, h.Storage, h.Audit, h.Limits,
		media.Options{IsBucket: opt.Pictures != "" || s3.Everywhere(), Limits: picture.Limits{MaxPixels: 50_000_000}, Space: opt.Space, Now: now, Log: log})
	h.Avatars = media.NewAvatars(h.DB, keys.Sub(secret.AvatarAddresses))
	t.Cleanup(func() { h.Passwords.Close(); h.Pictures.Close(); h.Avatars.Close() })
	h.Devices = guard.NewDevices(keys.Sub(secret.DeviceCookies), opt.Throttled)
	guards := account.Guards{Audit: h.Audit, Limits: h.Limits, Devices: h.Devices, Space: opt.Space}
	h.Outbox = outbox.New(h.DB, h.Audit, outbox.Options{Keys: keys.Sub(secret.Outbox), Composer: composer(t), Senders: opt.Senders, Now: now, Log: log})
	h.Challenges = challenge.New(h.DB, keys.Sub(secret.Codes), now)
	h.Accounts = account.New(account.Options{
		DB: h.DB, Guards: guards, Sessions: h.Sessions, Passwords: h.Passwords, Pictures: h.Pictures,
		Mail: account.Mail{Challenges: h.Challenges, Outbox: h.Outbox, HasLogin: true, IsRequired: opt.VerifiesFirst}, Now: now, Log: log,
	})
}

func composer(t testing.TB) *mail.Composer {
	t.Helper()
	book, err := words.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := mail.New(mail.App{Name: "Acme", URL: "https://acme.example"}, book, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
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
	if err != nil && !errors.Is(err, guard.ErrNotLoggedIn) {
		t.Fatal(err)
	}
	return err == nil
}

// Rows returns the sessions of a user as the database has them, the one seen last first.
func (h *House) Rows(t testing.TB, userID string) []store.Session {
	t.Helper()
	rows, err := h.DB.SessionsOfUser(t.Context(), userID, time.Time{}, "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// Crowd adds n users, p0 and so on, with a session each, and returns the tokens.
func (h *House) Crowd(t testing.TB, n int) []token.Token {
	t.Helper()
	const batch = 10_000
	tokens := make([]token.Token, 0, n)
	for len(tokens) < n {
		first := len(tokens)
		err := h.DB.Tx(t.Context(), func(tx *store.Tx) error {
			tokens = tokens[:first] // the transaction may run again
			for i := first; i < min(n, first+batch); i++ {
				id := fmt.Sprintf("p%d", i)
				key := id + "@example.com"
				row := store.User{ID: id, Name: id, Email: key, EmailKey: key, PasswordHash: "none", CreatedAt: h.Clock.Now()}
				fresh := h.Sessions.Prepare(id, guard.Client{})
				if err := errors.Join(tx.CreateUser(t.Context(), row), h.Sessions.Replace(t.Context(), tx, guard.Client{}, fresh, nil)); err != nil {
					return err
				}
				tokens = append(tokens, fresh.Token)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return tokens
}

// OtherProcess opens the database once more, as an operator's command does.
func (h *House) OtherProcess(t testing.TB) *store.DB {
	t.Helper()
	db, err := Place(t, h.Folder, "").OpenExisting(t.Context(), noPictures)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// Look looks for changes by other processes. Until it does so, nothing is answered from
// memory.
func (h *House) Look(t testing.TB) {
	t.Helper()
	if err := h.Watch.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Sweep does once what the background jobs do, and returns what failed.
func (h *House) Sweep(ctx context.Context) error {
	return errors.Join(
		h.Sessions.Sweep(ctx), h.Pictures.SweepOrphans(ctx), h.Pictures.SweepCrops(ctx), h.Limits.Sweep(ctx), h.Audit.Sweep(ctx),
	)
}

// Events returns the events of a user, the newest first.
func (h *House) Events(t testing.TB, userID string) (events []guard.Event) {
	t.Helper()
	list, err := h.Audit.OfUser(t.Context(), userID, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		events = append(events, slices.Repeat([]guard.Event{e.Event}, e.Count)...)
	}
	return events
}
