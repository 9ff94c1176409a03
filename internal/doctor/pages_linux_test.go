package doctor_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/doctor"
)

// at answers the requests whose path has a part.
func at(part string, answer http.HandlerFunc) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		isThere := strings.Contains(r.URL.Path, part)
		if isThere {
			answer(w, r)
		}
		return isThere
	}
}

// gone is a proxy that looks for a file of its own.
func gone(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Server", "nginx")
	http.Error(w, "Not Found", http.StatusNotFound)
}

func TestPages(t *testing.T) {
	t.Parallel()
	sets := func(name, value string) func(http.Header) {
		return func(h http.Header) { h.Set(name, value) }
	}
	without := func(name string) func(http.Header) {
		return func(h http.Header) { h.Del(name) }
	}
	index := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<!doctype html><div id=app>")) }
	off := func(c *cardea.Config) { c.Pages = "off" }
	for what, s := range map[string]scene{
		"in order":            {want: doctor.Finding{Check: "pages", State: doctor.OK, Saw: "as Cardea sends them"}},
		"with return origins": {settings: func(c *cardea.Config) { c.ReturnOrigins = []string{app} }, want: doctor.Finding{Check: "pages", State: doctor.OK}},
		"nosniff twice":       {response: func(h http.Header) { h.Add("X-Content-Type-Options", "nosniff") }, want: doctor.Finding{Check: "pages", State: doctor.OK}},
		"no /login":           {front: at("/login", gone), want: wrong("pages", "/login is not Cardea's page: nginx answers 404", "pass /login to Cardea")},
		"the app's /login":    {front: at("/login", index), want: wrong("pages", "/login is not Cardea's page", "CARDEA_PAGES=off")},
		"a rewritten /login": {front: at("/login", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'; frame-ancestors 'none'")
			index(w, r)
		}), want: doctor.Finding{Check: "pages", State: doctor.Note, Saw: "/login has no link to a style sheet of Cardea's", Change: "unchanged"}},
		"no /account":            {front: at("/account", gone), want: wrong("pages", "/account does not lead to /login: nginx answers 404", "pass /account")},
		"another Location":       {response: func(h http.Header) { replaceIn(h, "Location", "./login", "http://127.0.0.1:5000/login") }, want: wrong("pages", "303 http://127.0.0.1:5000/login", "proxy_redirect off;")},
		"no style sheet":         {front: at(".css", gone), want: wrong("pages", "nginx answers 404 to /static/cardea.css", "pass /static/")},
		"another script":         {front: at("/page.js", index), want: wrong("pages", "/static/page.js does not come as Cardea sends it", "unchanged")},
		"another type of script": {response: func(h http.Header) { replaceIn(h, "Content-Type", "text/javascript", "text/plain") }, want: wrong("pages", "/static/page.js comes with Content-Type: text/plain", "remove Content-Type")},
		"another type of page":   {response: func(h http.Header) { replaceIn(h, "Content-Type", "text/html; charset=utf-8", "text/html") }, want: wrong("pages", "/login comes with Content-Type: text/html", "remove Content-Type")},
		"no policy":              {response: without("Content-Security-Policy"), want: wrong("pages", "/login comes without Content-Security-Policy", "proxy_hide_header")},
		"another policy":         {response: sets("Content-Security-Policy", "default-src *"), want: wrong("pages", "/login comes with Content-Security-Policy: default-src *", "add_header")},
		"a second policy": {response: func(h http.Header) { h.Add("Content-Security-Policy", "form-action 'none'") },
			want: wrong("pages", "/login comes with Content-Security-Policy: form-action 'none'", "remove Content-Security-Policy from the proxy")},
		"kept in caches":       {response: sets("Cache-Control", "max-age=60"), want: wrong("pages", "/account comes with Cache-Control: max-age=60", "remove Cache-Control")},
		"no Referrer-Policy":   {response: without("Referrer-Policy"), want: wrong("pages", "/login comes without Referrer-Policy", "unchanged")},
		"another":              {response: sets("Referrer-Policy", "unsafe-url"), want: wrong("pages", "/login comes with Referrer-Policy: unsafe-url", "add_header")},
		"off, without any":     {settings: off, want: doctor.Finding{Check: "pages", State: doctor.Note, Saw: "forward-auth and mails lead to /login, where GET answers 405", Change: "CARDEA_PAGES=on"}},
		"off, with the app's":  {settings: off, front: at("/login", index), want: doctor.Finding{Check: "pages", State: doctor.OK, Saw: "another page answers at /login (200)"}},
		"off by settings here": {doctor: func(o *doctor.Options) { o.Settings.Pages = "off" }, want: wrong("pages", "/login is Cardea's page", "settings of the server")},
	} {
		t.Run(what, func(t *testing.T) { t.Parallel(); s.check(t) })
	}
}

// replaceIn replaces a part of a header.
func replaceIn(h http.Header, name, old, replaced string) {
	h.Set(name, strings.Replace(h.Get(name), old, replaced, 1))
}
