// Package web is Cardea's HTTP side: it decodes requests, calls the use case of
// package account, and writes what came of it as JSON or a page.
//
// Begin with routes.go: the whole route table stands there, and every action has
// a file of its own name. What all requests share is in server.go (the way of a
// request), safety.go (headers and other origins), request.go (bodies),
// respond.go and errors.go (answers), cookie.go (the session's cookie) and
// address.go (which address the world sees, which one a client has).
package web

import (
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea/internal/account"
)

// Options are what a [Server] works by.
type Options struct {
	PublicURL      *url.URL       // nil: http:// and the request's own Host
	TrustedProxies []netip.Prefix // whose forwarded headers count
	AllowedOrigins []string       // other origins that may call, exact
	CookieName     string
	CookieSameSite http.SameSite
	CookieMaxAge   time.Duration
	UploadMaxBytes int64 // of a picture file
	LogAll         bool  // log every request, not only events
	Now            func() time.Time
	Log            *slog.Logger
}

// Server answers the requests of the contract. It is an [http.Handler].
type Server struct {
	opt      Options
	accounts *account.Service
	mux      *http.ServeMux
	safety   safety
	uploads  *uploadBudget
	metrics  metrics
}

// New returns a server over the use cases.
func New(accounts *account.Service, opt Options) *Server {
	s := &Server{
		opt:      opt,
		accounts: accounts,
		safety:   newSafety(opt),
		uploads:  newUploadBudget(opt.UploadMaxBytes),
	}
	s.metrics = newMetrics(s.table())
	s.mux = s.routes()
	return s
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rec := &recorder{ResponseWriter: w, start: s.opt.Now()}
	defer s.finish(rec, r)
	rec.body = paceBody(rec, r)
	s.safety.setHeaders(rec.Header(), s.isHTTPS(r), r.Header.Get("Origin"))
	switch err := s.admit(r); {
	case err != nil:
		s.fail(rec, r, err)
	case s.safety.isPreflight(r):
		s.safety.preflight(rec)
	default:
		s.mux.ServeHTTP(rec, r)
	}
	if !rec.body.drain() {
		panic(http.ErrAbortHandler) // closes the connection; net/http cannot know that it has to
	}
}

// admit refuses what no route should see.
func (s *Server) admit(r *http.Request) error {
	if r.URL.Path == "" || r.URL.Path[0] != '/' || !isClean(r.URL.Path) {
		return errNoRoute // where ServeMux would redirect
	}
	if !validHost(r.Host) {
		return errBadHost
	}
	return s.safety.check(r, s.publicAddress)
}

// isClean tells whether a path has no empty, "." or ".." parts; it may end in a slash.
func isClean(p string) bool {
	if !strings.Contains(p, "//") && !strings.Contains(p, "/.") {
		return true
	}
	clean := path.Clean(p)
	return clean == p || clean != "/" && p == clean+"/"
}

// finish ends every request: it answers for a handler that panicked, counts and logs.
func (s *Server) finish(rec *recorder, r *http.Request) {
	v := recover()
	err, _ := v.(error)
	aborted := errors.Is(err, http.ErrAbortHandler)
	if v != nil && !aborted {
		s.fail(rec, r, panicError(v))
	}
	took := s.opt.Now().Sub(rec.start)
	s.metrics.observe(r, rec.status, took)
	s.logRequest(rec, r, took)
	if aborted {
		panic(v)
	}
}

// action is a handler that returns what went wrong instead of writing it.
type action func(w http.ResponseWriter, r *http.Request) error

func (s *Server) handle(a action) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := a(w, r); err != nil {
			s.fail(w, r, err)
		}
	}
}
