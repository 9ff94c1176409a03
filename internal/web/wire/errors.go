package wire

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/cardea-accounts/cardea/internal/guard"
)

// Errors of HTTP itself. Those of use cases are in guard, account and media.
var (
	ErrNoRoute = &guard.Error{Kind: guard.KindNotFound, Code: "not_found",
		Message: "There is nothing at this address."}
	ErrWrongMethod = &guard.Error{Kind: guard.KindMethod, Code: "method_not_allowed",
		Message: "This address does not answer to this method; see the Allow header."}
	ErrNotMultipart = &guard.Error{Kind: guard.KindUnsupported, Code: "unsupported_media_type",
		Message: "Send the picture as multipart/form-data in the field profile_pic."}

	errBadHost = &guard.Error{Kind: guard.KindInvalid, Code: "malformed_request",
		Message: "The Host header is not a host name."}
	errLongQuery   = Malformed("The query of the address is too long: at most 2 KiB.", nil)
	errCrossOrigin = &guard.Error{Kind: guard.KindForbidden, Code: "cross_origin",
		Message: "Requests from pages of another origin are refused; the operator can allow an origin with CARDEA_ALLOWED_ORIGINS."}
	errNotJSON = &guard.Error{Kind: guard.KindUnsupported, Code: "unsupported_media_type",
		Message: "Send the body as JSON in UTF-8, with the header Content-Type: application/json."}
	errNotForm = &guard.Error{Kind: guard.KindUnsupported, Code: "unsupported_media_type",
		Message: "Send the form as application/x-www-form-urlencoded in UTF-8."}
	errBodyTooLarge = &guard.Error{Kind: guard.KindTooLarge, Code: "body_too_large",
		Message: "The request body is too large: 64 KiB of JSON at most."}
	errRange = &guard.Error{Kind: guard.KindRange, Code: "range_not_satisfiable",
		Message: "The content does not have the requested range; see the Content-Range header."}
	errTimeout = &guard.Error{Kind: guard.KindTimeout, Code: "request_timeout",
		Message: "The request took too long to arrive. Please try again."}
	errUploadsBusy = &guard.Error{Kind: guard.KindUnavailable, Code: "busy", RetryAfter: 5 * time.Second,
		Message: "There are too many uploads at the moment. Please try again in a few seconds."}
	errAnswersBusy = &guard.Error{Kind: guard.KindUnavailable, Code: "busy", RetryAfter: 5 * time.Second,
		Message: "Too many large answers are being read slowly at the moment. Please try again in a few seconds."}
)

// Malformed is the error for a request that cannot be understood.
func Malformed(message string, cause error) *guard.Error {
	return &guard.Error{Kind: guard.KindInvalid, Code: "malformed_request", Message: message, Err: cause}
}

// statuses is the one place where kinds of errors become statuses.
var statuses = map[guard.Kind]int{
	guard.KindInternal:        http.StatusInternalServerError,
	guard.KindInvalid:         http.StatusBadRequest,
	guard.KindUnauthenticated: http.StatusUnauthorized,
	guard.KindForbidden:       http.StatusForbidden,
	guard.KindNotFound:        http.StatusNotFound,
	guard.KindMethod:          http.StatusMethodNotAllowed,
	guard.KindTimeout:         http.StatusRequestTimeout,
	guard.KindConflict:        http.StatusConflict,
	guard.KindTooLarge:        http.StatusRequestEntityTooLarge,
	guard.KindRange:           http.StatusRequestedRangeNotSatisfiable,
	guard.KindUnsupported:     http.StatusUnsupportedMediaType,
	guard.KindThrottled:       http.StatusTooManyRequests,
	guard.KindUnavailable:     http.StatusServiceUnavailable,
	guard.KindFull:            http.StatusInsufficientStorage,
}

// publicError returns the public form of an error. An unknown error is an internal one.
func publicError(err error) *guard.Error {
	if e, ok := errors.AsType[*guard.Error](err); ok {
		return e
	}
	return guard.Internal(err)
}

// Fail answers with an error. If the answer has begun, it only notes the error for
// the log.
func (r *Request) Fail(err error) {
	r.FailAs(err, func(status int, e *guard.Error) {
		r.JSON(status, Envelope{Status: "error", Message: e.Message, Code: e.Code, Errors: e.Fields})
	})
}

// FailAs is [Request.Fail] with another form than JSON: answer writes it.
func (r *Request) FailAs(err error, answer func(status int, e *guard.Error)) {
	r.err = err
	if r.status != 0 {
		return
	}
	e, h := publicError(err), r.Header()
	if e.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int((e.RetryAfter+time.Second-1)/time.Second)))
	}
	if e.Kind == guard.KindTooLarge || e.Kind == guard.KindTimeout {
		h.Set("Connection", "close")
	}
	answer(statuses[e.Kind], e)
	if e.Kind == guard.KindUnavailable && r.Context().Err() != nil {
		r.status = statusClientLeft
	}
}

// statusClientLeft is what logs and metrics count when the client left before it was
// answered. The number is nginx's. Who closed only one direction still gets the 503.
const statusClientLeft = 499

// panicError is the error of an action that panicked; its text is for the log.
func panicError(v any) error { return fmt.Errorf("panic: %v\n%s", v, debug.Stack()) }
