package web

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/cardea-accounts/cardea/internal/account"
)

// refusal is an answer of 400 and above, as it will be written.
type refusal struct {
	Status     int
	Code       string
	Message    string
	Fields     map[string]string
	RetryAfter time.Duration
	Err        error // the cause, for the log only
}

func (e *refusal) Error() string {
	if e.Err != nil {
		return e.Code + ": " + e.Err.Error()
	}
	return e.Code + ": " + e.Message
}

func (e *refusal) Unwrap() error { return e.Err }

// Refusals that HTTP itself gives rise to. Those of the rules are account's.
var (
	errNoRoute = &refusal{Status: http.StatusNotFound, Code: "not_found",
		Message: "There is nothing at this address."}
	errWrongMethod = &refusal{Status: http.StatusMethodNotAllowed, Code: "method_not_allowed",
		Message: "This address does not answer to this method; see the Allow header."}
	errBadHost = &refusal{Status: http.StatusBadRequest, Code: "malformed_request",
		Message: "The Host header is not a host name."}
	errCrossOrigin = &refusal{Status: http.StatusForbidden, Code: "cross_origin",
		Message: "Requests from pages of another origin are refused; the operator can allow an origin with CARDEA_ALLOWED_ORIGINS."}
	errNotJSON = &refusal{Status: http.StatusUnsupportedMediaType, Code: "unsupported_media_type",
		Message: "Send the body as JSON in UTF-8, with the header Content-Type: application/json."}
	errNotMultipart = &refusal{Status: http.StatusUnsupportedMediaType, Code: "unsupported_media_type",
		Message: "Send the picture as multipart/form-data in the field profile_pic."}
	errBodyTooLarge = &refusal{Status: http.StatusRequestEntityTooLarge, Code: "body_too_large",
		Message: "The request body is too large: 64 KiB of JSON at most."}
	errUnauthorized = &refusal{Status: http.StatusUnauthorized, Code: "not_logged_in", Message: "Unauthorized"}
	errNoFile       = &refusal{Status: http.StatusBadRequest, Code: "no_file_uploaded", Message: "No file uploaded"}
	errSize         = malformed("The size must be 64, 128, 256 or 512, in pixels.", nil)
	errTimeout      = &refusal{Status: http.StatusRequestTimeout, Code: "request_timeout",
		Message: "The request took too long to arrive. Please try again."}
)

// malformed is the refusal of a body that cannot be understood.
func malformed(message string, cause error) *refusal {
	return &refusal{Status: http.StatusBadRequest, Code: "malformed_request", Message: message, Err: cause}
}

// statusOf is the one place where kinds of trouble become statuses.
func statusOf(kind account.Kind) int {
	switch kind {
	case account.KindInvalid:
		return http.StatusBadRequest
	case account.KindUnauthenticated:
		return http.StatusUnauthorized
	case account.KindForbidden:
		return http.StatusForbidden
	case account.KindNotFound:
		return http.StatusNotFound
	case account.KindConflict:
		return http.StatusConflict
	case account.KindThrottled:
		return http.StatusTooManyRequests
	case account.KindUnavailable:
		return http.StatusServiceUnavailable
	case account.KindFull:
		return http.StatusInsufficientStorage
	case account.KindInternal:
		return http.StatusInternalServerError
	}
	return http.StatusInternalServerError
}

// refusalOf finds out what to answer to an error.
func refusalOf(err error) *refusal {
	if e, ok := errors.AsType[*refusal](err); ok {
		return e
	}
	if e, ok := errors.AsType[*account.Error](err); ok {
		return &refusal{statusOf(e.Kind), e.Code, e.Message, e.Fields, e.RetryAfter, err}
	}
	return &refusal{Status: http.StatusInternalServerError, Code: "internal", Err: err,
		Message: "Something went wrong on our side. It has been logged; please try again later."}
}

// fail answers with an error's refusal. Faults of ours get a request id, which
// stands in the log beside the cause.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	e := refusalOf(err)
	rec, _ := w.(*recorder)
	if rec != nil {
		rec.err = err
		if rec.status != 0 {
			return // too late to say it
		}
	}
	h := w.Header()
	if e.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int((e.RetryAfter+time.Second-1)/time.Second)))
	}
	if e.Status >= http.StatusInternalServerError && rec != nil {
		h.Set("X-Request-Id", rec.id())
	}
	if e.Status == http.StatusRequestEntityTooLarge || e.Status == http.StatusRequestTimeout {
		h.Set("Connection", "close")
	}
	writeJSON(w, e.Status, envelope{Status: "error", Message: e.Message, Code: e.Code, Errors: e.Fields})
}

// panicError is the error of a handler that panicked; its text is for the log.
func panicError(v any) error { return fmt.Errorf("panic: %v\n%s", v, debug.Stack()) }
