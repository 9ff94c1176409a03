package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea/internal/account"
)

// token returns the session token that a request carries; empty if none. A
// browser may send several cookies of the name, for instance one that an earlier
// backend left on a parent domain: the first that can be a token counts.
func (s *Server) token(r *http.Request) account.Token {
	for _, line := range r.Header["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			name, value, _ := strings.Cut(strings.Trim(pair, " \t"), "=")
			if name != s.opt.CookieName {
				continue
			}
			if t := account.Token(strings.Trim(value, `"`)); t.WellFormed() {
				return t
			}
		}
	}
	return ""
}

// setToken hands a session to the client. Its cookie lasts as long as a session
// can; that it ends earlier when idle is the server's business.
func (s *Server) setToken(w http.ResponseWriter, r *http.Request, token account.Token) {
	s.setCookie(w, r, string(token), int(s.opt.CookieMaxAge/time.Second))
}

func (s *Server) clearToken(w http.ResponseWriter, r *http.Request) {
	s.setCookie(w, r, "", -1)
}

func (s *Server) setCookie(w http.ResponseWriter, r *http.Request, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure follows the public address; over plain http a browser would drop it
		Name: s.opt.CookieName, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: s.isHTTPS(r), SameSite: s.opt.CookieSameSite,
	})
}
