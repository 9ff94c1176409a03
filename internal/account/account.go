// Package account has the use cases of user accounts: registering, signing in, and
// changing a name or a password. There is a file for each use case.
//
// Use cases take plain values. They fail with a [*guard.Error], whose Kind says what sort
// of failure it is; doc comments name its codes.
package account

import (
	"log/slog"
	"time"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/session"
	"github.com/cardea-accounts/cardea/internal/store"
)

// Service carries out the use cases. Its methods may be called from any goroutine.
type Service struct {
	db        *store.DB
	guards    Guards
	sessions  *session.Service
	passwords *Passwords
	now       func() time.Time
	log       *slog.Logger
}

// Guards protect the use cases.
type Guards struct {
	Audit   *guard.Audit
	Limits  *guard.Limits
	Devices guard.Devices
	Space   *guard.Space // nil: registrations are not refused on a nearly full disk
}

// New returns a service.
func New(db *store.DB, guards Guards, sessions *session.Service, passwords *Passwords, now func() time.Time, log *slog.Logger) *Service {
	return &Service{db, guards, sessions, passwords, now, log}
}

// Errors with a fixed text.
var (
	ErrInvalidCredentials = &guard.Error{Kind: guard.KindUnauthenticated, Code: "invalid_credentials", Message: "Invalid credentials"}
	ErrEmailTaken         = &guard.Error{Kind: guard.KindConflict, Code: "email_taken",
		Message: "An account with this e-mail address already exists. Sign in, or register with another address."}
	ErrWrongPassword = &guard.Error{Kind: guard.KindForbidden, Code: "wrong_password",
		Message: "The current password is wrong. Nothing was changed."}
	ErrSuspended = &guard.Error{Kind: guard.KindForbidden, Code: "suspended",
		Message: "This account is suspended. Ask the operator of this service."}
)
