package wire

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/session"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/text"
	"github.com/cardea-accounts/cardea/internal/workers"
)

// Request is a request on its way through the server. It is the
// [http.ResponseWriter] of its own answer.
type Request struct {
	writer
	HTTP    *http.Request
	Now     time.Time        // when it arrived
	Session *session.Session // nil if no user is signed in, or the route does not ask
	wire    *Wire
	sent    credentials
	read    []byte // of the body; nil: it was not read yet
	id      string
	next    string        // where the browser wants to return; empty: not read yet, or nowhere
	meter   workers.Meter // the context
	waits   store.Waits   // the context of the meter
}

// Action answers a request, or returns the error that [Request.Fail] answers with.
type Action func(r *Request) error

// Begin wraps a request. It sets the safety headers of the answer and the pace of the
// body. The caller defers [Request.End].
func (wire *Wire) Begin(w http.ResponseWriter, r *http.Request) *Request {
	req := wire.request(w, r)
	req.body = paceBody(req, r)
	req.setSafetyHeaders()
	if !r.ProtoAtLeast(1, 1) { // a Transfer-Encoding is faulty framing there, which net/http ignores (RFC 9112 section 6.1)
		req.Header().Set("Connection", "close")
	}
	return req
}

// Peek wraps a request for a handler of the app. It leaves body and answer alone,
// unless [Request.Refuse] answers.
func (wire *Wire) Peek(w http.ResponseWriter, r *http.Request) *Request { return wire.request(w, r) }

// Refuse answers a request of [Wire.Peek] with an error.
func (r *Request) Refuse(err error) {
	r.setSafetyHeaders()
	r.Fail(err)
	r.log(r.wire.opt.Now().Sub(r.Now))
}

func (wire *Wire) request(w http.ResponseWriter, r *http.Request) *Request {
	req := &Request{
		writer: writer{ResponseWriter: w, began: time.Now()}, HTTP: r, Now: wire.opt.Now(), wire: wire, waits: store.Waits{Context: r.Context()},
	}
	req.meter.Context = &req.waits
	return req
}

// maxQuery bounds a query, in bytes. No route needs more.
const maxQuery = 8 << 10

// Admit refuses requests that no route should see: those with a malformed Host header or a
// long query, and unsafe ones from pages of other origins.
func (r *Request) Admit() error {
	if _, ok := text.Host(r.HTTP.Host, false); !ok {
		return errBadHost
	}
	if len(r.HTTP.URL.RawQuery) > maxQuery {
		return errLongQuery
	}
	return r.checkOrigin()
}

// AdmitCost refuses requests of networks and users that have cost too much.
func (r *Request) AdmitCost() error {
	if budget := r.wire.opt.Budget; budget.IsUsedUp() {
		return budget.Admit(r.IP(), r.userID())
	}
	return nil
}

// charge counts what the request cost.
func (r *Request) charge() {
	if cost := (guard.Cost{CPU: r.meter.Spent(), Bytes: r.bytes}); !cost.IsFree() {
		r.wire.opt.Budget.Charge(r.IP(), r.userID(), cost)
	}
}

// userID is empty if no user is signed in, or the route does not ask.
func (r *Request) userID() string {
	if r.Session == nil {
		return ""
	}
	return r.Session.User.ID
}

// Client describes who sends the request, for throttling and the audit log.
func (r *Request) Client() guard.Client {
	// If the sessions cannot be looked up, neither can anything else: the use case fails.
	_ = r.dropUnknown()
	return guard.Client{
		IP: r.IP(), UserAgent: r.HTTP.UserAgent(), Session: r.sent.token, OtherSessions: r.sent.others, FlaskCookies: r.sent.flask,
		Devices: r.devices(), RequestID: r.ID(), Browser: r.browser(), Language: r.language(), Links: r.linkAddress(),
	}
}

// ID identifies the request in the log and the audit log. It is made on first use.
func (r *Request) ID() string {
	if r.id == "" {
		r.id = strings.ToLower(rand.Text()[:16])
	}
	return r.id
}

// Query returns the parameters of the address.
func (r *Request) Query() url.Values { return r.HTTP.URL.Query() }

// Context returns the context of the request. It measures the work done for it, and its waits for
// the database.
func (r *Request) Context() context.Context { return &r.meter }

// WriteHeader implements [http.ResponseWriter]. Errors, and answers to requests
// that may change something, carry the request's id.
func (r *Request) WriteHeader(status int) {
	if status >= http.StatusBadRequest || !isSafeMethod(r.HTTP.Method) {
		r.Header().Set("X-Request-Id", r.ID())
	}
	r.writer.WriteHeader(status)
}

// End completes a request: it answers for an action that panicked, counts and logs.
// It works only as a deferred call.
func (r *Request) End() {
	v := recover()
	err, _ := v.(error)
	aborted := errors.Is(err, http.ErrAbortHandler)
	if v != nil && !aborted {
		r.Fail(panicError(v))
	}
	took := r.wire.opt.Now().Sub(r.Now)
	r.wire.metrics.observe(r.HTTP, r.status, took)
	r.charge()
	r.log(took)
	if aborted {
		panic(v)
	}
}
