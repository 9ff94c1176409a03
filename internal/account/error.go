package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/workers"
)

// Kind is the sort of trouble an [Error] tells of.
type Kind int

// The kinds, and what a caller can do.
const (
	KindInternal        Kind = iota // our fault: nothing
	KindInvalid                     // the input is at fault: correct it
	KindUnauthenticated             // nobody, or the wrong one, is signed in: sign in
	KindForbidden                   // signed in, but not allowed
	KindNotFound                    // there is no such thing
	KindConflict                    // it is taken
	KindThrottled                   // too often: try again after RetryAfter
	KindUnavailable                 // overloaded or a part is down: try again after RetryAfter
	KindFull                        // the disk is full: try again when it is not
	KindMethod                      // the address does not answer to this method
	KindTimeout                     // the request took too long to arrive: send it again
	KindTooLarge                    // the request is too large
	KindUnsupported                 // the request is in a format that is not read
)

// Error is the one public form of an error, of use cases and of HTTP. Message and Fields are for the person who
// asked and carry no internals; Err, if any, is for the log.
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
		return fmt.Sprintf("%s: %v", e.Code, e.Err)
	}
	return e.Code + ": " + e.Message
}

func (e *Error) Unwrap() error { return e.Err }

// Is makes errors.Is compare by code, so that the variables below can be matched.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error) //nolint:errorlint // Is is called on every link of the chain
	return ok && t.Code == e.Code
}

// Errors that always read the same.
var (
	ErrNotLoggedIn        = &Error{Kind: KindUnauthenticated, Code: "not_logged_in", Message: "Not logged in"}
	ErrInvalidCredentials = &Error{Kind: KindUnauthenticated, Code: "invalid_credentials", Message: "Invalid credentials"}
	ErrEmailTaken         = &Error{Kind: KindConflict, Code: "email_taken",
		Message: "An account with this e-mail address exists already. Sign in, or register with another address."}
	ErrWrongPassword = &Error{Kind: KindForbidden, Code: "wrong_password",
		Message: "The current password is wrong. Nothing was changed."}
	ErrUserNotFound    = &Error{Kind: KindNotFound, Code: "user_not_found", Message: "User not found"}
	ErrSessionNotFound = &Error{Kind: KindNotFound, Code: "session_not_found",
		Message: "You have no session with this id; it may have ended already."}
	ErrPictureNotFound = &Error{Kind: KindNotFound, Code: "picture_not_found", Message: "There is no picture at this address."}
	ErrInvalidFileType = &Error{Kind: KindInvalid, Code: "invalid_file_type", Message: "Invalid file type"}
	ErrInvalidCrop     = &Error{Kind: KindInvalid, Code: "invalid_crop",
		Message: "The crop is not accepted. Send x,y,side, such as 0,0,300: a square that lies within the picture, in its pixels as it is seen upright."}
)

// invalid is the error for input whose fields are at fault; nil when none is.
func invalid(fields map[string]string) error {
	if len(fields) == 0 {
		return nil
	}
	return &Error{Kind: KindInvalid, Code: "invalid_input",
		Message: "Some of the input is not accepted; see errors.", Fields: fields}
}

const retrySoon = 2 * time.Second

// outage gives errors of the database, the storage and the pools their kind. It
// is the end of every path on which a use case fails for no fault of the input.
func outage(err error) error {
	if _, ok := errors.AsType[*Error](err); ok || err == nil {
		return err
	}
	switch {
	case errors.Is(err, workers.ErrBusy):
		return &Error{Kind: KindUnavailable, Code: "busy", RetryAfter: retrySoon, Err: err,
			Message: "The server has too much to do at the moment. Please try again in a few seconds."}
	case errors.Is(err, store.ErrFull), errors.Is(err, blob.ErrFull):
		return &Error{Kind: KindFull, Code: "storage_full", Err: err,
			Message: "The server has no space left to store this. Nothing was changed; please try again later."}
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, store.ErrDamaged), errors.Is(err, errStorage), errors.Is(err, errBreachedList):
		return &Error{Kind: KindUnavailable, Code: "unavailable", RetryAfter: retrySoon, Err: err,
			Message: "The server cannot reach its storage at the moment. Nothing was changed; please try again soon."}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &Error{Kind: KindUnavailable, Code: "canceled", RetryAfter: retrySoon, Err: err,
			Message: "The request ended before it was done."}
	}
	return Internal(err)
}

// Internal is the public form of an error that is our fault.
func Internal(err error) *Error {
	return &Error{Kind: KindInternal, Code: "internal", Err: err,
		Message: "Something went wrong on our side. It has been logged; please try again later."}
}

// Marks of errors that say only that something does not work.
var (
	errStorage      = errors.New("picture storage")
	errBreachedList = errors.New("list of breached passwords")
)
