package wire

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/cardea-accounts/cardea/internal/account"
)

// Errors of HTTP itself. Those of the rules are account's.
var (
	ErrNoRoute = &account.Error{Kind: account.KindNotFound, Code: "not_found",
		Message: "There is nothing at this address."}
	ErrWrongMethod = &account.Error{Kind: account.KindMethod, Code: "method_not_allowed",
		Message: "This address does not answer to this method; see the Allow header."}
	ErrNotMultipart = &account.Error{Kind: account.KindUnsupported, Code: "unsupported_media_type",
		Message: "Send the picture as multipart/form-data in the field profile_pic."}

	errBadHost = &account.Error{Kind: account.KindInvalid, Code: "malformed_request",
		Message: "The Host header is not a host name."}
	errCrossOrigin = &account.Error{Kind: account.KindForbidden, Code: "cross_origin",
		Message: "Requests from pages of another origin are refused; the operator can allow an origin with CARDEA_ALLOWED_ORIGINS."}
	errNotJSON = &account.Error{Kind: account.KindUnsupported, Code: "unsupported_media_type",
		Message: "Send the body as JSON in UTF-8, with the header Content-Type: application/json."}
	errBodyTooLarge = &account.Error{Kind: account.KindTooLarge, Code: "body_too_large",
		Message: "The request body is too large: 64 KiB of JSON at most."}
	errTimeout = &account.Error{Kind: account.KindTimeout, Code: "request_timeout",
		Message: "The request took too long to arrive. Please try again."}
	errUploadsBusy = &account.Error{Kind: account.KindUnavailable, Code: "busy", RetryAfter: 5 * time.Second,
		Message: "There are too many uploads at the moment. Please try again in a few seconds."}
)

// Malformed is the error for a request that cannot be understood.
func Malformed(message string, cause error) *account.Error {
	return &account.Error{Kind: account.KindInvalid, Code: "malformed_request", Message: message, Err: cause}
}

// statuses is the one place where kinds of errors become statuses.
var statuses = map[account.Kind]int{
	account.KindInternal:        http.StatusInternalServerError,
	account.KindInvalid:         http.StatusBadRequest,
	account.KindUnauthenticated: http.StatusUnauthorized,
	account.KindForbidden:       http.StatusForbidden,
	account.KindNotFound:        http.StatusNotFound,
	account.KindMethod:          http.StatusMethodNotAllowed,
	account.KindTimeout:         http.StatusRequestTimeout,
	account.KindConflict:        http.StatusConflict,
	account.KindTooLarge:        http.StatusRequestEntityTooLarge,
	account.KindUnsupported:     http.StatusUnsupportedMediaType,
	account.KindThrottled:       http.StatusTooManyRequests,
	account.KindUnavailable:     http.StatusServiceUnavailable,
	account.KindFull:            http.StatusInsufficientStorage,
}

// publicError is the form of an error that is answered. Errors of no known kind are
// internal ones.
func publicError(err error) *account.Error {
	if e, ok := errors.AsType[*account.Error](err); ok {
		return e
	}
	return account.Internal(err)
}

// Fail answers with an error. If the answer has begun, it only notes the error for
// the log.
func (r *Request) Fail(err error) {
	r.err = err
	if r.status != 0 {
		return
	}
	e, h := publicError(err), r.Header()
	if e.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int((e.RetryAfter+time.Second-1)/time.Second)))
	}
	if e.Kind == account.KindTooLarge || e.Kind == account.KindTimeout {
		h.Set("Connection", "close")
	}
	r.JSON(statuses[e.Kind], Envelope{Status: "error", Message: e.Message, Code: e.Code, Errors: e.Fields})
}

// panicError is the error of an action that panicked; its text is for the log.
func panicError(v any) error { return fmt.Errorf("panic: %v\n%s", v, debug.Stack()) }
