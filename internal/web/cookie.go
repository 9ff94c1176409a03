package web

import (
	"errors"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea/internal/account"
)

// deviceMaxAge is how long a device that is not used stays known.
const deviceMaxAge = 365 * 24 * time.Hour

// deviceCookie is the name of the cookie by which a device is known.
func (s *Server) deviceCookie() string { return s.opt.CookieName + "-device" }

// cookies goes through the values of a request's cookies of a name.
func cookies(r *http.Request, name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, line := range r.Header["Cookie"] {
			for pair := range strings.SplitSeq(line, ";") {
				n, value, _ := strings.Cut(strings.Trim(pair, " \t"), "=")
				if n == name && !yield(strings.Trim(value, `"`)) {
					return
				}
			}
		}
	}
}

// token returns the session token that a request carries; empty if none. A
// browser may send several cookies of the name, for instance one that an earlier
// backend left on a parent domain: of those that can be tokens, the first of a live
// session counts, or else the first.
func (s *Server) token(r *http.Request) account.Token {
	var tokens [mostTokens]account.Token
	n := 0
	for value := range cookies(r, s.opt.CookieName) {
		if t := account.Token(value); t.WellFormed() && n < mostTokens {
			tokens[n] = t
			n++
		}
	}
	if n > 1 {
		for _, t := range tokens[:n] {
			if _, err := s.accounts.Authenticate(r.Context(), t); !errors.Is(err, account.ErrNotLoggedIn) {
				return t // live, or nobody knows
			}
		}
	}
	return tokens[0]
}

// mostTokens bounds how many sessions one request has us look up.
const mostTokens = 4

// device returns what a request carries to show that its device is known.
func (s *Server) device(r *http.Request) account.Device {
	for value := range cookies(r, s.deviceCookie()) {
		return account.Device(value)
	}
	return ""
}

// setSignIn hands a session to the client and, with throttling, makes its device known.
func (s *Server) setSignIn(w http.ResponseWriter, r *http.Request, in account.SignIn) {
	s.setToken(w, r, in.Session)
	if in.Device != "" {
		s.setCookie(w, r, s.deviceCookie(), string(in.Device), deviceMaxAge)
	}
}

// setToken hands a session to the client. Its cookie lasts as long as a session
// can; that it ends earlier when idle is the server's business.
func (s *Server) setToken(w http.ResponseWriter, r *http.Request, token account.Token) {
	s.setCookie(w, r, s.opt.CookieName, string(token), s.opt.CookieMaxAge)
}

func (s *Server) clearToken(w http.ResponseWriter, r *http.Request) {
	s.setCookie(w, r, s.opt.CookieName, "", -time.Second)
}

func (s *Server) setCookie(w http.ResponseWriter, r *http.Request, name, value string, maxAge time.Duration) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure follows the public address; over plain http a browser would drop it
		Name: name, Value: value, Path: "/", MaxAge: int(maxAge / time.Second),
		HttpOnly: true, Secure: s.isHTTPS(r), SameSite: s.opt.CookieSameSite,
	})
}
