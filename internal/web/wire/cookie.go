package wire

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/session"
	"github.com/cardea-accounts/cardea/internal/token"
)

const (
	// deviceSuffix makes the name of the device cookie out of the session cookie's.
	deviceSuffix = "-device"
	// deviceMaxAge is how long a device stays known without being used.
	deviceMaxAge = 365 * 24 * time.Hour
	// maxTokens bounds the sessions that are looked up for one request.
	maxTokens = 4
	// foreignEvery is how often a session cookie of another app is logged.
	foreignEvery = time.Hour
)

// credentials are what the cookies of a request carry. They are read once.
type credentials struct {
	token   token.Token   // of the session; empty if there is none
	others  []token.Token // a browser may send several cookies of the name
	device  guard.Device
	browser token.Token // that asked for mail
	read    bool
}

// readCookies reads the cookies of session and device. It does not use
// [http.Request.CookiesNamed], which allocates for every request.
func (r *Request) readCookies() {
	if r.sent.read {
		return
	}
	r.sent.read = true
	name := r.wire.opt.CookieName
	for _, line := range r.HTTP.Header["Cookie"] {
		for pair := ""; line != ""; {
			pair, line, _ = strings.Cut(line, ";")
			key, value, _ := strings.Cut(strings.Trim(pair, " \t"), "=")
			suffix, ok := strings.CutPrefix(key, name)
			switch {
			case ok && suffix == "":
				r.addToken(token.Token(strings.Trim(value, `"`)))
			case ok && suffix == deviceSuffix && r.sent.device == "":
				r.sent.device = guard.Device(strings.Trim(value, `"`))
			case ok && suffix == browserSuffix && r.sent.browser == "":
				r.sent.browser = token.Token(strings.Trim(value, `"`))
			}
		}
	}
}

func (r *Request) addToken(token token.Token) {
	switch {
	case !token.IsWellFormed():
		r.noteForeignCookie(token)
	case r.sent.token == "":
		r.sent.token = token
	case len(r.sent.others) < maxTokens-1:
		r.sent.others = append(r.sent.others, token)
	}
}

// noteForeignCookie logs, once an hour, that another app on this host uses a cookie
// of the same name. The value may be a secret of that app.
func (r *Request) noteForeignCookie(value token.Token) {
	if value == "" || !r.wire.foreign.Pass(struct{}{}, r.Now) {
		return
	}
	r.wire.opt.Log.WarnContext(r.Context(), "a cookie with the name of the session's is not Cardea's: another app on this host seems to use it; "+
		"set CARDEA_COOKIE_NAME to another name", "cookie", r.wire.opt.CookieName)
}

// Authenticate finds the live session of the request and keeps it in r.Session. If
// there are several tokens, for instance one that an earlier backend left on a parent
// domain, the first of a live session counts. Error: not_logged_in.
func (r *Request) Authenticate() (err error) {
	r.readCookies()
	r.Session, err = r.wire.sessions.Find(r.Context(), r.sent.token)
	for _, token := range r.sent.others {
		if !errors.Is(err, guard.ErrNotLoggedIn) {
			break // a live session, or an outage
		}
		if r.Session, err = r.wire.sessions.Find(r.Context(), token); !errors.Is(err, guard.ErrNotLoggedIn) {
			r.sent.token = token
		}
	}
	r.sent.others = nil
	return err
}

// SetSignIn hands a session to the client and, with throttling, makes its device
// known. The cookie lasts as long as a session can; the server ends idle sessions
// earlier.
func (r *Request) SetSignIn(s session.SignIn) {
	r.setCookie(r.wire.opt.CookieName, string(s.Session), r.wire.opt.CookieMaxAge)
	if s.Device != "" {
		r.setCookie(r.wire.opt.CookieName+deviceSuffix, string(s.Device), deviceMaxAge)
	}
}

// ClearSession makes the client forget its session.
func (r *Request) ClearSession() { r.setCookie(r.wire.opt.CookieName, "", -time.Second) }

func (r *Request) setCookie(name, value string, maxAge time.Duration) {
	http.SetCookie(r, &http.Cookie{ //nolint:gosec // Secure follows the public address; over plain http a browser would drop it
		Name: name, Value: value, Path: "/", Domain: r.wire.opt.CookieDomain, MaxAge: int(maxAge / time.Second),
		HttpOnly: true, Secure: r.wire.isHTTPS(r.HTTP), SameSite: r.wire.opt.CookieSameSite,
	})
}
