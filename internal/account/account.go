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
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/session"
	"github.com/cardea-accounts/cardea/internal/store"
)

// Service carries out the use cases. Its methods may be called from any goroutine.
type Service struct {
	db        *store.DB
	guards    Guards
	sessions  *session.Service
	passwords *Passwords
	pictures  *media.Pictures
	mail      Mail
	isClosed  bool
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

// Options are what a [Service] works with. All but IsClosed are required.
type Options struct {
	DB        *store.DB
	Guards    Guards
	Sessions  *session.Service
	Passwords *Passwords
	Pictures  *media.Pictures
	Mail      Mail
	IsClosed  bool // only operators can add users
	Now       func() time.Time
	Log       *slog.Logger
}

// New returns a service.
func New(o Options) *Service {
	return &Service{o.DB, o.Guards, o.Sessions, o.Passwords, o.Pictures, o.Mail, o.IsClosed, o.Now, o.Log}
}

// Errors with a fixed text.
var (
	ErrInvalidCredentials = &guard.Error{Kind: guard.KindUnauthenticated, Code: "invalid_credentials", Message: "Invalid credentials"}
	ErrClosed             = &guard.Error{Kind: guard.KindForbidden, Code: "registration_closed",
		Message: "Registration is closed. Ask the operator of this service for an account."}
	ErrEmailTaken = &guard.Error{Kind: guard.KindConflict, Code: "email_taken",
		Message: "An account with this e-mail address already exists. Sign in, or register with another address."}
	ErrWrongPassword = &guard.Error{Kind: guard.KindForbidden, Code: "wrong_password",
		Message: "The current password is wrong. Nothing was changed."}
	ErrUnverified = &guard.Error{Kind: guard.KindForbidden, Code: "email_not_verified",
		Message: "Verify your e-mail address first: open the link that we have sent to it."}
	ErrSuspended = &guard.Error{Kind: guard.KindForbidden, Code: "suspended",
		Message: "This account is suspended. Ask the operator of this service."}
)
