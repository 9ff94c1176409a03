package wire

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea/internal/flask"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/session"
	"github.com/cardea-accounts/cardea/internal/token"
)

const (
	// deviceSuffix makes the name of the device cookie out of the session cookie's.
	deviceSuffix = "-device"
	// deviceMaxAge is how long a device stays known without being used.
	deviceMaxAge = 365 * 24 * time.Hour
	// maxCookies bounds how many cookies of one name are looked at. Chrome keeps 180 for a
	// site, so a page of a sibling host cannot plant more in front of ours.
	maxCookies = 180
	// maxFlask bounds how many cookies of a Flask app are looked at.
	maxFlask = 2
	// foreignEvery is how often a session cookie of another app is logged.
	foreignEvery = time.Hour
)

// credentials are what the cookies of a request carry. They are read once.
type credentials struct {
	token  token.Token   // of the session; empty if there is none
	others []token.Token // a browser may send several cookies of the name
	flask  []token.Token // what may be cookies of a Flask app
	read   bool
	stored bool // others are of stored sessions

	browser token.Token // see [Request.NameBrowser]
}

// cookieReader reads the cookies of a request one by one. It does not use
// [http.Request.CookiesNamed], which allocates for every request.
type cookieReader struct {
	lines       []string // the header
	line        string   // the rest of the line before them
	name, value string
}

func (r *Request) cookies() cookieReader { return cookieReader{lines: r.HTTP.Header["Cookie"]} }

// next reads the next cookie. It returns false if there is none.
func (c *cookieReader) next() bool {
	for c.line == "" {
		if len(c.lines) == 0 {
			return false
		}
		c.line, c.lines = c.lines[0], c.lines[1:]
	}
	pair, rest, _ := strings.Cut(c.line, ";")
	c.line = rest
	c.name, c.value, _ = strings.Cut(strings.Trim(pair, " \t"), "=")
	c.value = strings.Trim(c.value, `"`)
	return true
}

// readTokens reads the session cookies. If there are too many, the last ones count:
// browsers send cookies of longer paths first, and ours has the shortest.
func (r *Request) readTokens() {
	if r.sent.read {
		return
	}
	r.sent.read = true
	for cookies := r.cookies(); cookies.next(); {
		switch cookies.name {
		case r.wire.opt.CookieName:
			r.addToken(token.Token(cookies.value))
		case r.wire.opt.FlaskCookieName: // ours has another name
			r.addFlask(token.Token(cookies.value))
		}
	}
	r.sent.flask = r.sent.flask[max(0, len(r.sent.flask)-maxFlask):]
	if surplus := len(r.sent.others) + 1 - maxCookies; surplus > 0 {
		r.sent.token, r.sent.others = r.sent.others[surplus-1], r.sent.others[surplus:]
	}
}

// devices returns the device cookies, the last ones if there are too many.
func (r *Request) devices() (devices []guard.Device) {
	for cookies := r.cookies(); cookies.next(); {
		name, isDevice := strings.CutSuffix(cookies.name, deviceSuffix)
		if device := guard.Device(cookies.value); isDevice && name == r.wire.opt.CookieName && device.IsWellFormed() {
			devices = append(devices, device)
		}
	}
	return devices[max(0, len(devices)-maxCookies):]
}

func (r *Request) addToken(token token.Token) {
	switch {
	case !token.IsWellFormed():
		if !r.addFlask(token) {
			r.noteForeignCookie(token)
		}
	case r.sent.token == "":
		r.sent.token = token
	default:
		r.sent.others = append(r.sent.others, token)
	}
}

// addFlask keeps what may be a cookie of a Flask app. It returns false for other values, and
// if no such cookie is taken.
func (r *Request) addFlask(value token.Token) bool {
	isFlask := r.wire.opt.FlaskCookieName != "" && flask.Looks(string(value))
	if isFlask {
		r.sent.flask = append(r.sent.flask, value)
	}
	return isFlask
}

// dropUnknown drops the tokens of no session, if there are several tokens.
func (r *Request) dropUnknown() error {
	if r.readTokens(); len(r.sent.others) == 0 || r.sent.stored {
		return nil
	}
	stored, err := r.wire.sessions.Stored(r.Context(), append([]token.Token{r.sent.token}, r.sent.others...))
	if err != nil {
		return err
	}
	if len(stored) == 0 {
		stored = []token.Token{r.sent.token}
	}
	r.sent.token, r.sent.others, r.sent.stored = stored[0], stored[1:], true
	return nil
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
// domain, the first of a live session counts. Without any, a cookie of a Flask app is
// exchanged for a session. Error: not_logged_in.
func (r *Request) Authenticate() error {
	err := r.dropUnknown()
	if err != nil {
		return err
	}
	r.Session, err = r.wire.sessions.Find(r.Context(), r.sent.token)
	for i, token := range r.sent.others {
		if !errors.Is(err, guard.ErrNotLoggedIn) {
			break // a live session, or an outage
		}
		if r.Session, err = r.wire.sessions.Find(r.Context(), token); err == nil {
			r.sent.token, r.sent.others[i] = token, r.sent.token
		}
	}
	if len(r.sent.flask) > 0 && errors.Is(err, guard.ErrNotLoggedIn) {
		return r.exchangeFlask()
	}
	return err
}

// exchangeFlask finds the session that a Flask cookie stands for, or makes it, and hands it
// to the client. Error: not_logged_in.
func (r *Request) exchangeFlask() error {
	client := r.Client()
	for _, cookie := range r.sent.flask {
		t, in, err := r.wire.sessions.Exchange(r.Context(), cookie, client)
		if errors.Is(err, guard.ErrNotLoggedIn) {
			continue
		}
		if err != nil {
			return err
		}
		r.Session, r.sent.token = in, t
		r.setCookie(r.wire.opt.CookieName, string(t), r.wire.opt.CookieMaxAge)
		r.Header().Set("Cache-Control", "no-store") // of a page of the app, which may set it anew
		return nil
	}
	return guard.ErrNotLoggedIn
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

// setCookie sets a cookie of the answer, in place of one with the same name.
func (r *Request) setCookie(name, value string, maxAge time.Duration) {
	if set := r.Header()["Set-Cookie"]; len(set) > 0 {
		r.Header()["Set-Cookie"] = slices.DeleteFunc(set, func(line string) bool { return strings.HasPrefix(line, name+"=") })
	}
	http.SetCookie(r, r.cookie(name, value, maxAge))
}

func (r *Request) cookie(name, value string, maxAge time.Duration) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // Secure follows the public address; over plain http a browser would drop it
		Name: name, Value: value, Path: "/", Domain: r.wire.opt.CookieDomain, MaxAge: int(maxAge / time.Second),
		HttpOnly: true, Secure: r.wire.isHTTPS(r.HTTP), SameSite: r.wire.opt.CookieSameSite,
	}
}
