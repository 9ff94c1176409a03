package pages

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

var all = []string{
	"/", "/register", "/register?sent", "/logout", "/logout?deleted", "/login?ended",
	"/login", "/login?code", "/forgot", "/forgot?sent", "/reset", "/reset?done", "/verify", "/verify?sent", "/verify?done", "/undo", "/undo?done",
}

// withSession are the pages that look different to signed-in users.
var withSession = []string{"/", "/logout", "/account", "/account?done=email", "/verify"}

// Pages work under a strict policy, in every language, and their links lead somewhere.
func TestPagesAreSafe(t *testing.T) {
	server := testkit.Start(t, development, withMailLogin)
	server.Register(t, "ada@example.com")
	link := regexp.MustCompile(`(?:href|src|action)="([^"#]+)"`)
	for _, language := range []string{"en", "de", "es", "fr"} {
		visitor, user := browserOf(t, server), registered(t, server, language+"@example.com")
		visitor.Header.Set("Accept-Language", language)
		user.post("/account/profile", "name", "Ada", "language", language)
		for i, path := range append(slices.Clone(all), withSession...) {
			if i == len(all) {
				visitor = user
			}
			page := visitor.Get(path).Want(200)
			html := string(page.Body)
			csp := page.Header.Get("Content-Security-Policy")
			if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "form-action 'self'") || strings.Contains(csp, "unsafe") {
				t.Errorf("%s: CSP %q", path, csp)
			}
			page.WantHeaders(map[string]string{
				"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin", "X-Content-Type-Options": "nosniff",
			})
			for _, no := range []string{"<style", " style=", "onclick", "javascript:", "//fonts", "ZgotmplZ", "<no value>", "{app}", "{address}"} {
				if strings.Contains(html, no) {
					t.Errorf("%s has %q", path, no)
				}
			}
			if !strings.Contains(html, `<html lang="`+language+`" dir="ltr">`) {
				t.Errorf("%s is not in %s", path, language)
			}
			for _, to := range link.FindAllStringSubmatch(html, -1) {
				answer := visitor.Get("/" + strings.TrimPrefix(to[1], "./"))
				if form := strings.HasPrefix(to[1], "./account/"); !form {
					answer.Want(200)
				} else if answer.Want(303).Header.Get("Location") == "" {
					t.Errorf("%s leads nowhere", to[1])
				}
			}
		}
	}
}

// Errors are put into the language of the page: nothing of the JSON answer's English is left.
func TestErrorsAreTranslated(t *testing.T) {
	server := testkit.Start(t, development)
	server.Register(t, "ada@example.com")
	visitor := browserOf(t, server)
	visitor.Header.Set("Accept-Language", "de-AT, en;q=0.5")
	visitor.post("/forgot", "email", "ada@example.com")
	token := newest(t, server, "ada@example.com", "reset").token()
	for password, german := range map[string]string{
		"":                          "Geben Sie ein Passwort ein.",
		"short":                     "Das Passwort ist zu kurz",
		strings.Repeat("long", 300): "Das Passwort ist zu lang",
		"password1":                 "eines der häufigsten",
		"ada@example.com":           "nicht Ihre eigene E-Mail-Adresse",
		"cardea2026":                "nicht der Name oder die Adresse dieses Dienstes",
	} {
		says(t, visitor.post("/reset", "token", token, "new_password", password), 400, german, "<title>Fehler: ")
	}
	says(t, visitor.post("/forgot", "email", ""), 400, "Geben Sie eine E-Mail-Adresse ein.")
}

// Beyond a limit the page says how long to wait.
func TestThrottledForm(t *testing.T) {
	server := testkit.Start(t, development, testkit.Throttled, testkit.Limits("account=1/10m"))
	server.Register(t, "ada@example.com")
	visitor := browserOf(t, server)
	says(t, visitor.post("/login", "email", "ada@example.com", "password", "wrongpass"), 401)
	page := visitor.post("/login", "email", "ada@example.com", "password", "wrongpass")
	says(t, page, 429, "Too many attempts. Try again in ")
	if page.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

// Forms are read with the same bounds as JSON, and never from other sites.
func TestBadForms(t *testing.T) {
	server := testkit.Start(t)
	for what, c := range map[string]struct {
		contentType, body string
		status            int
	}{
		"JSON":        {"application/json", `{"email":"ada@example.com"}`, 415},
		"multipart":   {"multipart/form-data; boundary=x", "--x--", 415},
		"no type":     {"", "email=x", 415},
		"Latin-1":     {"application/x-www-form-urlencoded; charset=iso-8859-1", "email=x", 415},
		"twice":       {"application/x-www-form-urlencoded", "email=x&email=y", 400},
		"many fields": {"application/x-www-form-urlencoded", "email=x" + strings.Repeat("&", 100), 400},
		"not UTF-8":   {"application/x-www-form-urlencoded", "email=%ff", 400},
		"malformed":   {"application/x-www-form-urlencoded", "email=%zz", 400},
		"too large":   {"application/x-www-form-urlencoded", "email=" + strings.Repeat("x", 64<<10), 413},
		"empty":       {"application/x-www-form-urlencoded", "", 400},
		"in capital":  {"APPLICATION/X-WWW-FORM-URLENCODED; charset=UTF-8", "email=ada%40example.com", 303},
	} {
		t.Run(what, func(t *testing.T) {
			answer := browserOf(t, server).Send("POST", "/forgot", c.contentType, []byte(c.body)).Want(c.status)
			if c.status != 303 {
				says(t, answer, c.status)
			}
		})
	}
	stranger := browserOf(t, server)
	stranger.Header.Set("Sec-Fetch-Site", "cross-site")
	says(t, stranger.post("/forgot", "email", "ada@example.com"), 403)
}

// The mailbox shows messages, and nothing of it exists without --dev.
func TestMailbox(t *testing.T) {
	server := testkit.Start(t, development)
	server.Register(t, "ada@example.com")
	visitor := browserOf(t, server)
	list := visitor.Get("/dev/mail")
	says(t, list, 200, "Confirm your e-mail address for Cardea", "ada@example.com")
	path := "/dev/" + regexp.MustCompile(`href="(mail/\w{16})"`).FindStringSubmatch(string(list.Body))[1]
	m := newest(t, server, "ada@example.com", "verify")
	says(t, visitor.Get(path), 200, `target="_blank" rel="noopener">`+m.Link, m.Code, "sandbox=")
	frame := visitor.Get(path + "/html")
	says(t, frame, 200, `<base target="_blank">`, m.Link)
	csp := frame.Header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "style-src 'unsafe-inline'", "frame-ancestors 'self'", "sandbox allow-popups"} {
		if !strings.Contains(csp, part) {
			t.Errorf("the frame's CSP %q lacks %s", csp, part)
		}
	}
	says(t, visitor.Get("/dev/mail/aaaaaaaaaaaaaaaa"), 404)

	visitor.Header.Set("X-Forwarded-For", "192.0.2.1")
	says(t, visitor.Get("/dev/mail"), 404)
	production := browserOf(t, testkit.Start(t, func(c *cardea.Config) { c.Dev = false }))
	for _, path := range []string{"/dev/mail", "/dev/mail/x", "/dev/mail/x/html"} {
		says(t, production.Get(path), 404)
	}
}
