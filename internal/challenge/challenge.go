// Package challenge has the one mechanism behind everything that is confirmed through a
// mailbox: an address, a new password, a sign-in, an undo. A link with a token and, for
// most purposes, a code are sent to an address; who comes back with one of them reads its mail.
//
// A challenge is used once, dies after a time, and is replaced by a newer one of its kind.
// It is bound to the password and the address that its user had, so a changed password ends
// all that was sent before.
package challenge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/secret"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/token"
)

// Purpose is what a challenge confirms.
type Purpose string

// The purposes.
const (
	Verify Purpose = "verify" // the user's address is theirs
	Reset  Purpose = "reset"  // a new password without the old one
	Change Purpose = "change" // a new address
	Login  Purpose = "login"  // a sign-in without a password
	Undo   Purpose = "undo"   // a change of password or address was not the user's
)

// Lifetime returns how long a challenge lives. A sign-in lives 10 minutes (OWASP ASVS 5.0,
// 6.5.5). An undo lives as long as people may be away from their mail.
func (p Purpose) Lifetime() time.Duration {
	switch p {
	case Login:
		return 10 * time.Minute
	case Reset:
		return time.Hour
	case Undo:
		return 7 * 24 * time.Hour
	case Verify, Change:
	}
	return 24 * time.Hour
}

// attempts at the code of a challenge (OWASP ASVS 5.0, 6.5.1 and 6.6.3).
const attempts = 5

// ErrInvalid: a token or code that is unknown, used, expired, or was made for something
// else. It is one answer, so that nobody learns which.
var ErrInvalid = &guard.Error{Kind: guard.KindInvalid, Code: "invalid_token",
	Message: "This link or code has expired or was already used. Ask for a new one."}

// Browser is the value of the cookie that names a browser which asked for a challenge.
type Browser = token.Token

// Secrets are what is sent to the address. They are kept nowhere else.
type Secrets struct {
	Token token.Token // for the link
	Code  string      // empty: none
}

// Service owns the challenges. Its methods may be called from any goroutine.
type Service struct {
	db    *store.DB
	codes secret.Sub
	now   func() time.Time
}

// New returns a service. Codes are kept as MACs under keys, because they are short.
func New(db *store.DB, keys secret.Sub, now func() time.Time) *Service {
	return &Service{db, keys, now}
}

// Create makes a challenge for a user, to be sent to an address, and ends older ones of the
// same purpose. Browser may be empty. An undo has no code; it ends no older one, which
// leads back to an older address. Until it expires, nobody else gets its address: see
// [Service.IsKept].
func (s *Service) Create(ctx context.Context, tx *store.Tx, user store.User, purpose Purpose, email string, browser Browser) (Secrets, error) {
	browserHash := []byte{}
	if browser.IsWellFormed() {
		hash := browser.Hash()
		browserHash = hash[:]
	}
	return s.create(ctx, tx, user, purpose, email, browserHash)
}

// Renew is [Service.Create] for a stranger who asks once more for what somebody has asked for.
// The challenge stays with the browser of the one that it replaces, if that is live, and else
// has none. So a stranger's browser never counts as the one that asked.
func (s *Service) Renew(ctx context.Context, tx *store.Tx, user store.User, purpose Purpose, email string) (Secrets, error) {
	old, err := tx.ChallengeOfUser(ctx, user.ID, string(purpose))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return Secrets{}, err
	}
	browserHash := []byte{}
	if err == nil && s.now().Before(old.ExpiresAt) {
		browserHash = old.BrowserHash
	}
	return s.create(ctx, tx, user, purpose, email, browserHash)
}

func (s *Service) create(ctx context.Context, tx *store.Tx, user store.User, purpose Purpose, email string, browserHash []byte) (Secrets, error) {
	now := store.Stored(s.now())
	secrets := Secrets{Token: token.New()}
	row := store.Challenge{
		ID: token.ID(), Purpose: string(purpose), UserID: user.ID, Email: email,
		CodeMAC: []byte{}, BrowserHash: browserHash, State: []byte{}, CreatedAt: now, ExpiresAt: now.Add(purpose.Lifetime()),
	}
	hash := secrets.Token.Hash()
	row.TokenHash = hash[:]
	if purpose == Undo {
		row.EmailKey = user.EmailKey
	} else {
		secrets.Code = newCode()
		row.CodeMAC = s.codes.MAC(signed(row.ID, secrets.Code))
		row.State = stateOf(user, purpose)
	}
	if err := s.replace(ctx, tx, row); err != nil {
		return Secrets{}, err
	}
	return secrets, tx.CreateChallenge(ctx, row)
}

// replace ends what a new challenge replaces. A code to sign in works in one browser only, so it
// replaces what that browser asked for: strangers who ask too do not end the user's code.
func (s *Service) replace(ctx context.Context, tx *store.Tx, by store.Challenge) error {
	switch {
	case by.Purpose == string(Undo):
		return nil
	case by.Purpose == string(Login) && len(by.BrowserHash) > 0:
		return tx.DeleteChallengesOfBrowser(ctx, by.BrowserHash, by.Purpose)
	}
	return tx.DeleteChallengesOfUser(ctx, by.UserID, by.Purpose, time.Time{})
}

// Nobody returns the id under which challenges for an address without a user are kept. It is
// always the same one, so a wrong code costs the same there as at the challenge of a user.
func (s *Service) Nobody(emailKey string) (userID string) {
	return hex.EncodeToString(s.codes.MAC([]byte("nobody\x00" + emailKey))[:8]) // as long as other ids
}

// signed is what the MAC of a code covers.
func signed(id, code string) []byte { return []byte(id + "\x00" + code) }

// stateOf is what a challenge is bound to. A new password does not make an address less verified.
func stateOf(user store.User, purpose Purpose) []byte {
	if purpose == Verify {
		user.PasswordHash = ""
	}
	hash := sha256.Sum256([]byte(user.PasswordHash + "\x00" + user.EmailKey))
	return hash[:]
}

// Found is a challenge that was met with the right token or code, and is not used yet.
type Found struct {
	UserID string
	Email  string // what is confirmed
	row    store.Challenge
}

// IsFrom reports whether a browser asked for the challenge.
func (f Found) IsFrom(browser Browser) bool {
	hash := browser.Hash()
	return browser.IsWellFormed() && string(f.row.BrowserHash) == string(hash[:])
}

// ByToken finds the challenge of a link. Error: [ErrInvalid].
func (s *Service) ByToken(ctx context.Context, purpose Purpose, typed string) (Found, error) {
	t := token.Token(typed)
	if !t.IsWellFormed() {
		return Found{}, ErrInvalid
	}
	hash := t.Hash()
	row, err := s.db.ChallengeByToken(ctx, hash[:])
	return s.live(row, purpose, err)
}

// ByCodeOfUser finds the latest challenge of a user by its code. Error: [ErrInvalid].
func (s *Service) ByCodeOfUser(ctx context.Context, purpose Purpose, userID, code string) (Found, error) {
	row, err := s.db.ChallengeOfUser(ctx, userID, string(purpose))
	return s.byCode(ctx, row, purpose, code, err)
}

// ByCodeOfBrowser finds the latest challenge that a browser asked for by its code. Error:
// [ErrInvalid].
func (s *Service) ByCodeOfBrowser(ctx context.Context, purpose Purpose, browser Browser, code string) (Found, error) {
	if !browser.IsWellFormed() {
		return Found{}, ErrInvalid
	}
	hash := browser.Hash()
	row, err := s.db.ChallengeOfBrowser(ctx, hash[:], string(purpose))
	return s.byCode(ctx, row, purpose, code, err)
}

// byCode counts an attempt before it compares, so that a hundred at once get no more than
// a hundred in a row.
func (s *Service) byCode(ctx context.Context, row store.Challenge, purpose Purpose, typed string, err error) (Found, error) {
	found, err := s.live(row, purpose, err)
	if err != nil {
		return Found{}, err
	}
	code := normalCode(typed)
	if code == "" || len(row.CodeMAC) == 0 {
		return Found{}, ErrInvalid // a slip of the hand costs no attempt
	}
	err = s.db.Tx(ctx, func(tx *store.Tx) error { return tx.CountCodeAttempt(ctx, row.ID, attempts) })
	if err != nil {
		return Found{}, guard.PublicError(guard.IfNotFound(err, ErrInvalid))
	}
	if !s.codes.Verify(signed(row.ID, code), row.CodeMAC) {
		return Found{}, ErrInvalid
	}
	return found, nil
}

func (s *Service) live(row store.Challenge, purpose Purpose, err error) (Found, error) {
	if err != nil {
		return Found{}, guard.PublicError(guard.IfNotFound(err, ErrInvalid))
	}
	if row.Purpose != string(purpose) || !s.now().Before(row.ExpiresAt) {
		return Found{}, ErrInvalid
	}
	return Found{row.UserID, row.Email, row}, nil
}

// isFor reports whether a user's password and address are those that a challenge is bound to.
func isFor(user store.User, row store.Challenge) bool {
	return len(row.State) == 0 || string(row.State) == string(stateOf(user, Purpose(row.Purpose)))
}

// Use ends a challenge and returns its user. Of several that use it at once, one succeeds;
// nobody does if the user's password or address changed since. Error: [ErrInvalid].
func (s *Service) Use(ctx context.Context, tx *store.Tx, found Found) (store.User, error) {
	if err := tx.DeleteChallenge(ctx, found.row.ID); err != nil {
		return store.User{}, guard.IfNotFound(err, ErrInvalid)
	}
	user, err := tx.UserByID(ctx, found.UserID)
	if err != nil {
		return store.User{}, guard.IfNotFound(err, ErrInvalid)
	}
	if !isFor(user, found.row) {
		return store.User{}, ErrInvalid
	}
	return user, nil
}

// Drop ends the challenges of a user for some purposes.
func (s *Service) Drop(ctx context.Context, tx *store.Tx, userID string, purposes ...Purpose) error {
	var errs []error
	for _, p := range purposes {
		errs = append(errs, tx.DeleteChallengesOfUser(ctx, userID, string(p), time.Time{}))
	}
	return errors.Join(errs...)
}

// DropSince ends what was started after an undo was sent: all other challenges, and the
// later undos, which would lead back to an address that was not the user's.
func (s *Service) DropSince(ctx context.Context, tx *store.Tx, undo Found) error {
	return errors.Join(
		s.Drop(ctx, tx, undo.UserID, Verify, Reset, Change, Login),
		tx.DeleteChallengesOfUser(ctx, undo.UserID, string(Undo), undo.row.CreatedAt),
	)
}

// Sweep deletes expired challenges.
func (s *Service) Sweep(ctx context.Context) error {
	return s.db.InBatches(ctx, guard.SweepBatch, func(tx *store.Tx) (int64, error) {
		return tx.DeleteExpiredChallenges(ctx, s.now(), guard.SweepBatch)
	})
}
