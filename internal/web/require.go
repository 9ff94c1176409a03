package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/user"
	"github.com/cardea-accounts/cardea/internal/web/api"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

// Attach puts a signed-in user into a request.
type Attach func(*http.Request, user.User) *http.Request

// RequireUser lets only requests of signed-in users through to next. Others get the
// envelope's 401, or 503 in an outage. If loginURL is not empty, browsers that ask for
// a page are redirected there instead, with the path to return to as next.
func (s *Server) RequireUser(next http.Handler, attach Attach, loginURL string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req := s.wire.Peek(w, r)
		err := req.Authenticate()
		switch {
		case err == nil:
			next.ServeHTTP(w, attach(r, req.Session.User))
		case loginURL != "" && errors.Is(err, guard.ErrNotLoggedIn) && navigates(req):
			w.Header().Set("Cache-Control", "no-store")
			http.Redirect(w, r, withNext(loginURL, r), http.StatusSeeOther) //nolint:gosec // the program chose loginURL
		default:
			req.Refuse(err)
		}
	})
}

// OptionalUser passes all requests to next, those of signed-in users with the user
// attached. In an outage it answers 503.
func (s *Server) OptionalUser(next http.Handler, attach Attach) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req := s.wire.Peek(w, r)
		switch err := req.Authenticate(); {
		case err == nil:
			next.ServeHTTP(w, attach(r, req.Session.User))
		case errors.Is(err, guard.ErrNotLoggedIn):
			next.ServeHTTP(w, r)
		default:
			req.Refuse(err)
		}
	})
}

// navigates reports whether a browser asks for a page.
func navigates(r *wire.Request) bool {
	return (r.HTTP.Method == http.MethodGet || r.HTTP.Method == http.MethodHead) && r.PrefersHTML()
}

// withNext adds the path of a request to a sign-in address, unless nobody can return to it. It
// is the path that the client asked for, also if a handler in between has stripped a prefix.
func withNext(loginURL string, r *http.Request) string {
	next := r.RequestURI
	if !strings.HasPrefix(next, "/") {
		next = r.URL.RequestURI()
	}
	if next = wire.SafeNext(next, nil); next == "" {
		return loginURL
	}
	address, fragment, hasFragment := strings.Cut(loginURL, "#")
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	address += separator + "next=" + url.QueryEscape(next)
	if hasFragment {
		address += "#" + fragment
	}
	return address
}

// PictureURL is the absolute address of a user's picture; empty if there is none.
func (s *Server) PictureURL(r *http.Request, u user.User) string {
	return api.PictureURL(s.wire.PublicAddress(r), u)
}

// AvatarURL is the absolute address of a user's picture or, without one, of the
// default avatar.
func (s *Server) AvatarURL(r *http.Request, u user.User) string {
	return s.api.AvatarURL(s.wire.PublicAddress(r), u)
}
