package doctor_test

import (
	"errors"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/doctor"
	"github.com/cardea-accounts/cardea/internal/operate"
	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/smtpsink"
)

// Behind a proxy as documented, nothing is wrong.
func TestHealthy(t *testing.T) {
	t.Parallel()
	sink := smtpsink.Start(t, smtpsink.Options{})
	findings := scene{settings: func(c *cardea.Config) {
		c.SMTPURL, c.MailFrom = "smtp://"+sink.Address, "accounts@example.com"
		c.CookieDomain, c.ReturnOrigins = "example.com", []string{app}
	}}.visit(t)
	for _, f := range findings {
		if f.State != doctor.OK {
			t.Errorf("%+v", f)
		}
	}
	groups := map[string]bool{}
	for _, f := range findings {
		groups[f.Check] = true
	}
	if len(groups) != 11 || len(sink.Messages()) != 0 {
		t.Errorf("the groups %v, and %d messages", groups, len(sink.Messages()))
	}
}

func answers(status int, text string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Server", "nginx")
		http.Error(w, text, status)
		return true
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for what, s := range map[string]scene{
		"a proxy without a server": {front: answers(502, "Bad Gateway"), want: wrong("address", "nginx answers 502: it does not reach Cardea", "proxy_pass")},
		"another app":              {front: answers(200, "Welcome"), want: wrong("address", "is not answered by Cardea, but by nginx with status 200", "all paths")},
		"a redirect": {front: func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "https://www.example.com/", http.StatusMovedPermanently)
			return true
		}, want: wrong("address", "redirects to https://www.example.com/", "--url")},
		"a certificate of another host": {url: "https://accounts.example.org", want: wrong("address", "the certificate is refused", "a certificate for accounts.example.org")},
		"no answer":                     {doctor: func(o *doctor.Options) { o.Transport = failing{} }, want: wrong("address", "does not answer: no such host", "let accounts.example.com lead")},
		"no https":                      {plain: true, want: wrong("address", "accounts.example.com speaks http there, and not https", "listen 443 ssl;")},
		"another public URL": {server: func(c *cardea.Config) { c.PublicURL = "http://accounts.example.com" },
			want: wrong("address", "puts http://accounts.example.com into its links", "CARDEA_PUBLIC_URL=https://accounts.example.com")},
		"no public URL": {settings: func(c *cardea.Config) { c.PublicURL = "" }, want: wrong("address", "links in mails", "CARDEA_PUBLIC_URL=")},
		"another host": {settings: func(c *cardea.Config) { c.PublicURL = "" }, request: func(r *httputil.ProxyRequest) { r.Out.Host = "127.0.0.1:5000" },
			want: wrong("address", "puts https://127.0.0.1:5000 into its links", "CARDEA_PUBLIC_URL=")},
		"not ready": {before: func(s *testkit.Server) { _ = os.RemoveAll(filepath.Join(s.Data, "pictures")) },
			want: wrong("address", "it is not ready (503): Not ready: storage", "log")},
	} {
		t.Run(what, func(t *testing.T) { t.Parallel(); s.check(t) })
	}
}

// If the server is not there, only it and what is inside are examined.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	findings := scene{front: answers(502, "Bad Gateway")}.visit(t)
	var groups []string
	for _, f := range findings {
		groups = append(groups, f.Check)
	}
	if strings.Join(groups, " ") != "address mail data" {
		t.Errorf("the doctor looks at %v", groups)
	}
}

// failing has no answer.
type failing struct{}

func (failing) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("no such host")
}

// inCookie replaces a part of the cookie on its way to the browser.
func inCookie(old, replaced string) func(http.Header) {
	return func(h http.Header) {
		for i, c := range h["Set-Cookie"] {
			h["Set-Cookie"][i] = strings.Replace(c, old, replaced, 1)
		}
	}
}

// addsCookie is a proxy, or an app behind it, that sets a cookie with every answer.
func addsCookie(cookie string) func(http.Header) {
	return func(h http.Header) { h.Add("Set-Cookie", cookie) }
}

func TestCookie(t *testing.T) {
	t.Parallel()
	for what, s := range map[string]scene{
		"removed":       {response: func(h http.Header) { h.Del("Set-Cookie") }, want: wrong("cookie", "no cookie comes back", "Set-Cookie")},
		"not Secure":    {server: func(c *cardea.Config) { c.PublicURL = "http://accounts.example.com" }, want: wrong("cookie", "not Secure", "CARDEA_PUBLIC_URL=https://")},
		"not HttpOnly":  {response: inCookie("; HttpOnly", ""), want: wrong("cookie", "scripts can read it", "unchanged")},
		"another path":  {response: inCookie("Path=/", "Path=/api"), want: wrong("cookie", `the path "/api"`, "proxy_cookie_path")},
		"SameSite":      {response: inCookie("SameSite=Lax", "SameSite=None"), want: wrong("cookie", "not SameSite=lax", "unchanged")},
		"a domain":      {response: inCookie("Path=/", "Path=/; Domain=example.com"), want: wrong("cookie", `the domain "example.com", and by the settings ""`, "unchanged")},
		"wrong domain":  {response: inCookie("Path=/", "Path=/; Domain=example.org"), want: wrong("cookie", "browsers drop the cookie", "CARDEA_COOKIE_DOMAIN=example.com")},
		"an Expires":    {response: inCookie("Path=/", "Path=/; Expires=Thu, 01 Jan 2032 00:00:00 GMT"), want: wrong("cookie", "attributes that Cardea does not set", "unchanged")},
		"a second one":  {response: addsCookie("session=eyJ; Path=/; HttpOnly"), want: wrong("cookie", "sets 2 cookies named session, of which one is Cardea's: session=…; Path=/; Max-Age=0", "CARDEA_COOKIE_NAME=")},
		"replaced":      {response: inCookie("session=", "session=eyJ"), want: wrong("cookie", "replaces Cardea's cookie session", "CARDEA_COOKIE_NAME=")},
		"another name":  {server: func(c *cardea.Config) { c.CookieName = "sid" }, want: wrong("cookie", "named sid, and by the settings here session", "settings")},
		"no POST":       {front: refuses("POST"), want: wrong("cookie", "POST /api/logout answers 405", "POST")},
		"Secure":        {url: "http://accounts.example.com", want: wrong("cookie", "drop it without https", "CARDEA_PUBLIC_URL=http://")},
		"out of reach":  {settings: func(c *cardea.Config) { c.ReturnOrigins = []string{app} }, want: doctor.Finding{Check: "cookie", State: doctor.Note, Saw: "to app.example.com itself", Change: "CARDEA_COOKIE_DOMAIN=example.com"}},
		"another site":  {settings: func(c *cardea.Config) { c.AppURL = "https://app.example.org/" }, want: doctor.Finding{Check: "cookie", State: doctor.Note, Saw: "to app.example.org itself", Change: "same site"}},
		"the own login": {settings: func(c *cardea.Config) { c.AppURL = "/app" }, want: doctor.Finding{Check: "cookie", State: doctor.OK, Saw: "Secure"}},
	} {
		t.Run(what, func(t *testing.T) { t.Parallel(); s.check(t) })
	}
}

// refuses is a proxy that refuses a method.
func refuses(method string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == method {
			http.Error(w, "no", http.StatusMethodNotAllowed)
		}
		return r.Method == method
	}
}

func TestProxy(t *testing.T) {
	t.Parallel()
	for what, s := range map[string]scene{
		"not trusted": {settings: func(c *cardea.Config) { c.TrustedProxies = nil }, want: wrong("proxy", "does not trust the proxy", "CARDEA_TRUSTED_PROXIES=")},
		"not trusted, without https": {url: "http://accounts.example.com", settings: func(c *cardea.Config) { c.TrustedProxies = nil }, response: func(h http.Header) { h.Set("Server", "nginx") },
			want: wrong("proxy", "does not trust the proxy", "CARDEA_TRUSTED_PROXIES=")},
		"none":                     {url: "http://accounts.example.com", settings: func(c *cardea.Config) { c.TrustedProxies = nil }, want: doctor.Finding{Check: "proxy", State: doctor.OK, Saw: "no proxy"}},
		"taken for the client":     {settings: func(c *cardea.Config) { c.TrustedProxies = nil }, want: wrong("proxy", "takes the proxy at 127.0.0.1 for the client", "CARDEA_TRUSTED_PROXIES=127.0.0.1")},
		"passes the header on":     {request: func(r *httputil.ProxyRequest) { r.Out.Header["X-Forwarded-For"] = r.In.Header["X-Forwarded-For"] }, want: wrong("proxy", "clients can choose their address", "$proxy_add_x_forwarded_for")},
		"sends no header":          {request: func(r *httputil.ProxyRequest) { r.Out.Header.Del("X-Forwarded-For") }, want: wrong("proxy", "the proxy at 127.0.0.1 does not tell", "X-Forwarded-For")},
		"another client's address": {request: func(r *httputil.ProxyRequest) { r.Out.Header.Set("X-Forwarded-For", "198.51.100.7") }, want: doctor.Finding{Check: "proxy", State: doctor.OK, Saw: "at 198.51.100.7"}},
		"this machine is trusted": {settings: func(c *cardea.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} },
			want: doctor.Finding{Check: "proxy", State: doctor.Note, Saw: "at 127.0.0.2, is itself a trusted proxy"}},
		"trusted by other settings": {doctor: func(o *doctor.Options) { o.Settings.TrustedProxies = nil }, want: wrong("proxy", "by the settings here it does not", "settings")},
		"the host of clients": {settings: func(c *cardea.Config) { c.PublicURL, c.ForwardedHost = "", "on" },
			request: func(r *httputil.ProxyRequest) { r.Out.Header["X-Forwarded-Host"] = r.In.Header["X-Forwarded-Host"] },
			want:    wrong("proxy", "choose the host in links", "CARDEA_PUBLIC_URL=")},
		"no data": {doctor: func(o *doctor.Options) { o.Data, o.DataFault = nil, operate.ErrNoData }, want: doctor.Finding{Check: "proxy", State: doctor.Note, Saw: "not checked"}},
	} {
		t.Run(what, func(t *testing.T) { t.Parallel(); s.check(t) })
	}
}

func TestUpload(t *testing.T) {
	t.Parallel()
	atUploads := func(answer func(http.ResponseWriter)) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/api/upload-picture" && r.ContentLength > 1<<20 {
				answer(w)
				return true
			}
			return false
		}
	}
	large := func(c *cardea.Config) { c.UploadMaxBytes = 10 << 20 }
	for what, s := range map[string]scene{
		"too large for nginx": {settings: large, front: atUploads(func(w http.ResponseWriter) {
			w.Header().Set("Server", "nginx")
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		}),
			want: wrong("upload", "nginx refuses pictures of 10485760 bytes", "client_max_body_size 11m;")},
		"cut off": {settings: large, front: atUploads(func(http.ResponseWriter) { panic(http.ErrAbortHandler) }), want: wrong("upload", "is cut off", "client_max_body_size 11m;")},
		"refused": {settings: large, front: atUploads(func(w http.ResponseWriter) { http.Error(w, "no", http.StatusForbidden) }), want: wrong("upload", "answers 403 to an upload", "uploads")},
		"taken":   {settings: large, want: doctor.Finding{Check: "upload", State: doctor.OK, Saw: "pictures of 10485760 bytes reach the server"}},
	} {
		t.Run(what, func(t *testing.T) { t.Parallel(); s.check(t) })
	}
}

func TestOrigins(t *testing.T) {
	t.Parallel()
	anyone := func(h http.Header) { h.Add("Access-Control-Allow-Origin", "*") }
	for what, s := range map[string]scene{
		"anyone may call": {settings: func(c *cardea.Config) { c.AllowedOrigins = nil }, response: anyone, want: wrong("origins", "pages of any origin", "remove")},
		"twice":           {response: anyone, want: wrong("origins", "refuse the answers to "+app, "remove")},
		"no credentials":  {response: func(h http.Header) { h.Del("Access-Control-Allow-Credentials") }, want: wrong("origins", "Credentials is missing", "unchanged")},
		"not allowed":     {server: func(c *cardea.Config) { c.AllowedOrigins = nil }, want: wrong("origins", "pages of "+app+" may not call", "CARDEA_ALLOWED_ORIGINS="+app)},
		"another site":    {settings: func(c *cardea.Config) { c.AllowedOrigins = []string{"https://app.example.org"} }, want: wrong("origins", "it is another site", "CARDEA_COOKIE_SAMESITE=none")},
		"the own origin": {settings: func(c *cardea.Config) { c.PublicURL = "" }, request: func(r *httputil.ProxyRequest) { r.Out.Host = "127.0.0.1:5000" },
			want: wrong("origins", "its own origin "+publicURL, "CARDEA_PUBLIC_URL=")},
	} {
		t.Run(what, func(t *testing.T) { t.Parallel(); s.check(t) })
	}
}

func TestHTTPS(t *testing.T) {
	t.Parallel()
	hsts := func(value string) func(http.Header) {
		return func(h http.Header) { h.Set("Strict-Transport-Security", value) }
	}
	for what, s := range map[string]scene{
		"removed":    {response: func(h http.Header) { h.Del("Strict-Transport-Security") }, want: wrong("https", "there is no Strict-Transport-Security", "CARDEA_PUBLIC_URL=")},
		"twice":      {response: func(h http.Header) { h.Add("Strict-Transport-Security", "max-age=60") }, want: wrong("https", "comes twice", "CARDEA_HSTS=off")},
		"off":        {response: hsts("max-age=0"), want: wrong("https", "is turned off", "proxy")},
		"set to off": {settings: func(c *cardea.Config) { c.HSTS = "off" }, want: doctor.Finding{Check: "https", State: doctor.Note, Saw: "as set", Change: "CARDEA_HSTS=host"}},
		"no https":   {url: "http://accounts.example.com", want: wrong("https", "without https", "CARDEA_PUBLIC_URL=https://accounts.example.com")},
		"cached":     {response: func(h http.Header) { h.Set("Cache-Control", "public, max-age=60") }, want: wrong("https", "may be cached", "/api/")},
	} {
		t.Run(what, func(t *testing.T) { t.Parallel(); s.check(t) })
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	for what, s := range map[string]scene{
		"late":    {doctor: func(o *doctor.Options) { o.Now = func() time.Time { return time.Now().Add(-time.Hour) } }, want: wrong("clock", "differ by ", "set-ntp")},
		"no date": {response: func(h http.Header) { h["Date"] = []string{"today"} }, want: doctor.Finding{Check: "clock", State: doctor.Note, Saw: "not checked"}},
	} {
		t.Run(what, func(t *testing.T) { t.Parallel(); s.check(t) })
	}
}

func TestOtherApps(t *testing.T) {
	t.Parallel()
	at := func(address, cookie string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			isThere := r.Host+r.URL.Path == address
			if isThere {
				w.Header().Set("Set-Cookie", cookie)
			}
			return isThere
		}
	}
	const mine, ofDomain = "session=eyJ; HttpOnly; Path=/", "session=eyJ; Domain=example.com"
	shared := func(c *cardea.Config) { c.CookieDomain = "example.com" }
	none := doctor.Finding{Check: "other apps", State: doctor.OK, Saw: "no other cookie named session comes from https://accounts.example.com/, https://app.example.com/, https://example.com/"}
	for what, s := range map[string]scene{
		"of the domain above":        {front: at("example.com/", ofDomain), want: wrong("other apps", "https://example.com/ sets session=…; Domain=example.com", "CARDEA_COOKIE_NAME=")},
		"of the domain above, alone": {front: at("example.com/", mine), want: none},
		"of a sibling":               {front: at("app.example.com/", ofDomain), want: wrong("other apps", "https://app.example.com/ sets", "CARDEA_COOKIE_NAME=")},
		"of a sibling, alone":        {front: at("app.example.com/", mine), want: none},
		"of a sibling that shares":   {settings: shared, front: at("app.example.com/", mine), want: wrong("other apps", "https://app.example.com/ sets", "CARDEA_COOKIE_NAME=")},
		"of the same host":           {front: at("accounts.example.com/", mine), want: wrong("other apps", "https://accounts.example.com/ sets session=…; HttpOnly; Path=/: each app", "CARDEA_COOKIE_NAME=")},
		"of the app's path": {settings: func(c *cardea.Config) { c.AppURL = "/shop" }, front: at("accounts.example.com/shop", mine),
			want: wrong("other apps", "https://accounts.example.com/shop sets", "CARDEA_COOKIE_NAME=")},
		"of another port": {settings: func(c *cardea.Config) { c.AllowedOrigins = []string{"https://accounts.example.com:8443"} }, front: at("accounts.example.com:8443/", mine),
			want: wrong("other apps", "https://accounts.example.com:8443/ sets", "CARDEA_COOKIE_NAME=")},
		"of the proxy":    {response: addsCookie(mine), want: wrong("other apps", "https://accounts.example.com/healthz sets", "CARDEA_COOKIE_NAME=")},
		"by another name": {response: addsCookie("sid=eyJ"), want: none},
	} {
		t.Run(what, func(t *testing.T) { t.Parallel(); s.check(t) })
	}
}

func TestInside(t *testing.T) {
	t.Parallel()
	by := func(server string) func(*cardea.Config) {
		return func(c *cardea.Config) { c.SMTPURL, c.MailFrom = server, "accounts@example.com" }
	}
	full := smtpsink.Start(t, smtpsink.Options{Answer: func(smtpsink.Step, string) error { return smtpsink.Refuse(554, "go away") }})
	for what, s := range map[string]scene{
		"no mail server":        {want: doctor.Finding{Check: "mail", State: doctor.Note, Saw: "nobody gets a reset link", Change: "CARDEA_SMTP_URL="}},
		"mail is needed":        {settings: func(c *cardea.Config) { c.EmailLogin = "on" }, want: wrong("mail", "users need mail to sign in", "CARDEA_SMTP_URL=")},
		"mail server down":      {settings: by("smtp://" + testkit.ClosedAddress(t)), want: wrong("mail", "at connect", "CARDEA_SMTP_URL")},
		"mail server refuses":   {settings: by("smtp://" + full.Address), want: wrong("mail", "554 5.7.1 go away", "CARDEA_SMTP_URL")},
		"mail server unknown":   {settings: by("smtp://mail.invalid"), want: wrong("mail", "", "CARDEA_SMTP_URL")},
		"storage gone":          {before: func(s *testkit.Server) { _ = os.RemoveAll(filepath.Join(s.Data, "pictures")) }, want: wrong("data", "storage ", "cardea check")},
		"the data is elsewhere": {doctor: func(o *doctor.Options) { o.Data, o.DataFault = nil, errors.New("data: permission denied") }, want: wrong("data", "permission denied", "CARDEA_DATA=")},
	} {
		t.Run(what, func(t *testing.T) { t.Parallel(); s.check(t) })
	}
}
