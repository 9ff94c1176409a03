package pages

import (
	"net/url"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/browser"
)

const app = "https://app.example.com"

// withApp lets pages lead to an app on another origin.
func withApp(c *cardea.Config) {
	c.ReturnOrigins = []string{app}
	c.AppURL = app + "/home"
}

// After a sign-in, users are where they came from; else at the app.
func TestLoginReturns(t *testing.T) {
	server := testkit.Start(t, development, withApp)
	server.Register(t, "ada@example.com")
	for next, want := range map[string]string{
		"/members?a=1#top":              "/members?a=1#top",
		app + "/x":                      app + "/x",
		server.URL + "/here":            server.URL + "/here",
		"":                              app + "/home",
		"//evil.example":                app + "/home",
		"https://evil.example/":         app + "/home",
		app + "@evil.example/":          app + "/home",
		"/" + strings.Repeat("a", 3000): app + "/home",
	} {
		visitor := browserOf(t, server)
		path := "/login?next=" + url.QueryEscape(next)
		says(t, visitor.post(path, "email", "ada@example.com", "password", "wrongpass"), 401)
		leadsTo(t, visitor.post(path, "email", "ada@example.com", "password", "simplepass"), want)
		leadsTo(t, visitor.Get(path), want) // signed in already
	}
	home := testkit.Start(t, development)
	home.Register(t, "ada@example.com")
	leadsTo(t, browserOf(t, home).post("/login?next=https://app.example.com", "email", "ada@example.com", "password", "simplepass"), "./")
}

// The pages around the sign-in keep the way back, and nothing else from the query.
func TestLinksKeepTheWayBack(t *testing.T) {
	server := testkit.Start(t, development, withMailLogin, withApp)
	server.Register(t, "ada@example.com")
	visitor := browserOf(t, server)
	for _, path := range []string{"/login", "/login?code", "/forgot", "/forgot?sent", "/reset", "/reset?done", "/verify"} {
		separator := "?"
		if strings.Contains(path, "?") {
			separator = "&"
		}
		good := string(visitor.Get(path + separator + "next=%2Fa%22b").Want(200).Body)
		bad := string(visitor.Get(path + separator + "next=%2F%2Fevil.example").Want(200).Body)
		if !strings.Contains(good, "next=%2Fa%2522b") || strings.Contains(bad, "next=") || strings.Contains(bad, "evil") {
			t.Errorf("%s: %s\n%s", path, good, bad)
		}
		for attribute := range strings.SplitSeq(good, `="`) {
			to, _, _ := strings.Cut(attribute, `"`)
			if page, _, _ := strings.Cut(to, "?"); page == "login" || page == "forgot" || page == "reset" || page == "verify" {
				if !strings.HasSuffix(to, "next=%2Fa%2522b") {
					t.Errorf("%s loses the way back at %s", path, to)
				}
			}
		}
	}
}

// A code or a link in a message leads back too.
func TestMailReturns(t *testing.T) {
	server := testkit.Start(t, development, withMailLogin, withApp)
	server.Register(t, "ada@example.com")
	next := "?next=" + url.QueryEscape(app+"/x")
	visitor := browserOf(t, server)
	leadsTo(t, visitor.post("/login"+next, "send", "1", "email", "ada@example.com"), "login?code&"+next[1:])
	says(t, visitor.Get("/login?code&"+next[1:]), 200, `action="login`+next+`"`, "for ada@example.com")
	code := newest(t, server, "ada@example.com", "login").Code
	leadsTo(t, visitor.post("/login"+next, "token", "", "code", code), app+"/x")

	visitor = browserOf(t, server)
	visitor.post("/login"+next, "send", "1", "email", "ada@example.com")
	token := newest(t, server, "ada@example.com", "login").token()
	leadsTo(t, visitor.post("/login", "token", token), app+"/x")
	leadsTo(t, visitor.Get("/login"), app+"/home#") // no fragment goes along, which could be a token

	visitor = browserOf(t, server)
	leadsTo(t, visitor.post("/forgot"+next, "email", "ada@example.com"), "forgot"+strings.Replace(next, "?", "?sent&", 1))
	m := newest(t, server, "ada@example.com", "reset")
	leadsTo(t, visitor.post("/reset", "token", m.token(), "new_password", "another pass phrase"), "reset"+strings.Replace(next, "?", "?done&", 1))

	// A cookie that another app on the domain has planted leads nowhere.
	visitor = browserOf(t, server)
	visitor.post("/login", "send", "1", "email", "ada@example.com")
	visitor.cookies["session-note"] = "Cmh0dHBzOi8vZXZpbC5leGFtcGxl" // "\nhttps://evil.example"
	visitor.keep(visitor.Get("/login"))
	leadsTo(t, visitor.post("/login", "token", newest(t, server, "ada@example.com", "login").token()), app+"/home")
}

// A real browser goes from the form to another origin: the Content-Security-Policy allows
// what the settings allow.
func TestBrowserReturnsToAnotherOrigin(t *testing.T) {
	t.Parallel()
	other := testkit.Start(t) // stands for the app
	elsewhere := strings.Replace(other.URL, "127.0.0.1", "localhost", 1)
	for what, option := range map[string]testkit.Option{
		"next":    func(c *cardea.Config) { c.ReturnOrigins = []string{elsewhere} },
		"app-url": func(c *cardea.Config) { c.AppURL = elsewhere + "/docs" },
	} {
		t.Run(what, func(t *testing.T) {
			server := testkit.Start(t, development, option)
			server.Register(t, "ada@example.com")
			tab := browser.Open(t)
			tab.Go(server.URL + "/login?next=" + url.QueryEscape(elsewhere+"/docs"))
			tab.Fill("email", "ada@example.com")
			tab.Fill("password", "wrongpass")
			tab.Click("main button.primary")
			tab.Fill("password", "simplepass")
			tab.Click("main button.primary")
			if at := tab.Address(); at != elsewhere+"/docs" {
				t.Errorf("the browser is at %s", at)
			}
			tab.Go(server.URL + "/login")
			if at := tab.Address(); at != server.URL+"/" && what == "next" || at != elsewhere+"/docs" && what == "app-url" {
				t.Errorf("signed in, /login leads to %s", at)
			}
		})
	}
}
