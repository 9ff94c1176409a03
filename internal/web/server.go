// Package web is Cardea's HTTP side.
//
// Start with routes.go: it has the whole route table, with who may call each route.
// server.go takes each request through the checks to its action. Package api has the
// JSON actions, package pages the HTML ones; package wire has what all requests share.
package web

import (
	"net/http"
	"path"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/cardea-accounts/cardea/internal/web/api"
	"github.com/cardea-accounts/cardea/internal/web/pages"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

// Options are the settings of a [Server].
type Options = wire.Options

// Owners are the owners of state, whose use cases the actions call.
type Owners = api.Owners

// Server answers the requests of the contract. It is an [http.Handler].
type Server struct {
	wire    *wire.Wire
	api     *api.API
	pages   *pages.Pages
	mux     *http.ServeMux
	nowhere http.Handler
	options http.Handler // of the server, not of a path

	hasPages bool
	hasDocs  bool
	isPage   map[string]bool // by path
}

// Looks are what an operator can change about the pages.
type Looks = pages.Looks

// What Looks are made of.
var (
	ReadLogo      = pages.ReadLogo
	ReadTemplates = pages.ReadTemplates
)

// New returns a server.
func New(owners Owners, opt Options, looks Looks) *Server {
	s := &Server{
		wire: wire.New(owners.Sessions, opt),
		api:  api.New(owners, opt.UploadMaxBytes),
		pages: pages.New(pages.Owners{
			Accounts: owners.Accounts, Sessions: owners.Sessions, Pictures: owners.Pictures, Avatars: owners.Avatars, Mailbox: owners.Mailbox,
		}, looks, opt.UploadMaxBytes),
		hasPages: !looks.Off, hasDocs: !looks.NoDocs, isPage: map[string]bool{},
	}
	s.mux = s.routes()
	s.nowhere, s.options = s.handle(s.nothing(s.noRoute)), s.handle(public(serverOptions))
	return s
}

// Metrics returns the metrics of the requests.
func (s *Server) Metrics() prometheus.Collector { return s.wire.Metrics() }

// Refusal returns the answer to a request that net/http refuses by itself.
func (s *Server) Refusal(status int) []byte { return s.wire.Refusal(status) }

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodOptions && r.URL.Path == "*" {
		s.options.ServeHTTP(w, r)
		return
	}
	if !isClean(r.URL.Path) { // ServeMux would redirect
		s.nowhere.ServeHTTP(w, r)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// isClean reports whether a path is absolute and has no empty, "." or ".." parts. It
// may end in a slash.
func isClean(p string) bool {
	if p == "" || p[0] != '/' {
		return false
	}
	if !strings.Contains(p, "//") && !strings.Contains(p, "/.") {
		return true
	}
	clean := path.Clean(p)
	return clean == p || clean != "/" && p == clean+"/"
}

// handle returns a handler that checks a request, runs its action and sends the answer.
func (s *Server) handle(to access) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		req := s.wire.Begin(w, r)
		defer req.End()
		if err := answer(req, to); err != nil {
			to.failed(req, err)
		}
		req.Drain()
	}
}

func answer(r *wire.Request, to access) error {
	if err := r.Admit(); err != nil {
		return err
	}
	if r.AnswerPreflight() {
		return nil
	}
	if err := to.admit(r); err != nil {
		return err
	}
	return to.action(r)
}
