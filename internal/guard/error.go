package guard

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/workers"
)

// Kind says what sort of failure an [Error] reports.
type Kind int

// The kinds, and what the caller can do.
const (
	KindInternal        Kind = iota // our fault: nothing
	KindInvalid                     // the input is wrong: correct it
	KindUnauthenticated             // no valid session or wrong credentials: sign in
	KindForbidden                   // signed in, but not allowed
	KindNotFound                    // no such thing
	KindConflict                    // already taken
	KindThrottled                   // too often: try again after RetryAfter
	KindUnavailable                 // overloaded, or a dependency is down: try again after RetryAfter
	KindFull                        // the disk is full: try again later
	KindTooLarge                    // the body is too large: send less
	KindTimeout                     // the body took too long to arrive: try again
	KindUnsupported                 // the body has the wrong content type
	KindRange                       // the content does not have the requested part
	KindMethod                      // the route does not take this method
)

// Error is the public form of a failure. Message and Fields are for the user and reveal
// no internals. Err, if any, is for the log.
type Error struct {
	Kind       Kind
	Code       string            // stable, snake_case
	Message    string            // what happened and what to do
	Fields     map[string]string // what is wrong with which input; may be nil
	RetryAfter time.Duration     // for KindThrottled and KindUnavailable
	Err        error             // the cause; may be nil
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Code + ": " + strings.TrimPrefix(e.Err.Error(), e.Code+": ") // that of ErrUnavailable may begin with it
	}
	return e.Code + ": " + e.Message
}

func (e *Error) Unwrap() error { return e.Err }

// Is makes [errors.Is] compare by code, so the variables below can be matched.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error) //nolint:errorlint // errors.Is calls it on every link of the chain
	return ok && t.Code == e.Code
}

// Errors with a fixed text.
var (
	ErrNotLoggedIn     = &Error{Kind: KindUnauthenticated, Code: "not_logged_in", Message: "Not logged in"}
	ErrUserNotFound    = &Error{Kind: KindNotFound, Code: "user_not_found", Message: "User not found"}
	ErrSessionNotFound = &Error{Kind: KindNotFound, Code: "session_not_found",
		Message: "You have no session with this id. It may have ended already."}
)

// Invalid returns the error for input with wrong fields; nil if there are none.
func Invalid(fields map[string]string) error {
	if len(fields) == 0 {
		return nil
	}
	return &Error{Kind: KindInvalid, Code: "invalid_input",
		Message: "Some of the input is not accepted; see errors.", Fields: fields}
}

// ErrUnavailable marks the failure of a dependency, such as the picture storage.
// [PublicError] turns it into KindUnavailable.
var ErrUnavailable = errors.New("unavailable")

const (
	retrySoon = 2 * time.Second
	// retryMoved is when a client tries again during a move. The pause lasts at least seven seconds,
	// often minutes, depending on the number of users and on the operator.
	retryMoved  = 10 * time.Second
	storageFull = "The server has no space left to store this. Nothing was changed. Try again later."
)

// PublicError turns the failure of a database, a storage or a worker pool into its
// public form. A public error and nil are returned as they are. Every use case ends with it.
func PublicError(err error) error {
	if _, ok := errors.AsType[*Error](err); ok || err == nil {
		return err
	}
	switch {
	case errors.Is(err, workers.ErrBusy):
		return &Error{Kind: KindUnavailable, Code: "busy", RetryAfter: retrySoon, Err: err,
			Message: "The server is too busy at the moment. Try again in a few seconds."}
	case errors.Is(err, store.ErrFull), errors.Is(err, blob.ErrFull):
		return &Error{Kind: KindFull, Code: "storage_full", Err: err,
			Message: storageFull}
	case errors.Is(err, store.ErrUncertain):
		return &Error{Kind: KindUnavailable, Code: "unavailable", RetryAfter: retrySoon, Err: err,
			Message: "The database did not confirm this change. It may have been saved. Check before you try again."}
	case errors.Is(err, store.ErrPaused), errors.Is(err, store.ErrMoved):
		return &Error{Kind: KindUnavailable, Code: "unavailable", RetryAfter: retryMoved, Err: err,
			Message: "Maintenance is in progress, so nothing can be saved at the moment. Nothing was changed. Try again in a few minutes."}
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, store.ErrDamaged), errors.Is(err, ErrUnavailable):
		return &Error{Kind: KindUnavailable, Code: "unavailable", RetryAfter: retrySoon, Err: err,
			Message: "The server cannot reach its storage at the moment. Nothing was changed. Try again soon."}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &Error{Kind: KindUnavailable, Code: "canceled", RetryAfter: retrySoon, Err: err,
			Message: "The request ended before it was done."}
	}
	return Internal(err)
}

// Internal returns the public error for a failure that is our fault.
func Internal(err error) *Error {
	return &Error{Kind: KindInternal, Code: "internal", Err: err,
		Message: "Something went wrong on our side. It has been logged. Try again later."}
}

// IfNotFound returns meaning in place of [store.ErrNotFound], and any other error as it is.
func IfNotFound(err error, meaning *Error) error {
	if errors.Is(err, store.ErrNotFound) {
		return meaning
	}
	return err
}
