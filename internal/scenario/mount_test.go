package scenario

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// browser is what browsers accept when they navigate.
const browser = "text/html,application/xhtml+xml,*/*;q=0.8"

// hello greets the signed-in user by name.
var hello = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	user, _ := cardea.CurrentUser(r.Context())
	_, _ = io.WriteString(w, "hello "+user.Name)
})

// ask has a handler answer a request with the given headers, in pairs.
func ask(t *testing.T, handler http.Handler, method, target string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

func TestRequireUser(t *testing.T) {
	t.Parallel()
	server := testkit.Start(t)
	ada := server.Register(t, "ada@example.com")
	name := ada.User().Name
	redirecting := server.RequireUser(hello, "/login?app=1#form")
	for what, c := range map[string]struct {
		handler        http.Handler
		method, target string
		accept, cookie string
		status         int
		body, location string
	}{
		"signed in":      {redirecting, "GET", "/members", browser, ada.Cookie, 200, "hello " + name, ""},
		"a browser":      {redirecting, "GET", "/members?a=1&b=2", browser, "", 303, "", "/login?app=1&next=%2Fmembers%3Fa%3D1%26b%3D2#form"},
		"another server": {redirecting, "GET", "//evil.example/x", browser, "", 303, "", "/login?app=1#form"},
		"a long path":    {redirecting, "GET", "/" + strings.Repeat("a", 3000), browser, "", 303, "", "/login?app=1#form"},
		"below a prefix": {http.StripPrefix("/app", redirecting), "GET", "/app/members", browser, "", 303, "", "/login?app=1&next=%2Fapp%2Fmembers#form"},
		"a form":         {redirecting, "POST", "/members", browser, "", 401, `"message":"Not logged in"`, ""},
		"a program":      {redirecting, "GET", "/members", "*/*", "", 401, `"message":"Not logged in"`, ""},
		"no redirect":    {server.RequireUser(hello), "GET", "/members", browser, "", 401, `"message":"Not logged in"`, ""},
	} {
		t.Run(what, func(t *testing.T) {
			w := ask(t, c.handler, c.method, c.target, "Accept", c.accept, "Cookie", "session="+c.cookie)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.body) || w.Header().Get("Location") != c.location {
				t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
			}
			if hasID := w.Header().Get("X-Request-Id") != ""; hasID != (c.status >= 400) {
				t.Errorf("headers %v", w.Header())
			}
		})
	}
}

func TestOptionalUser(t *testing.T) {
	t.Parallel()
	server := testkit.Start(t)
	ada := server.Register(t, "ada@example.com")
	handler := server.OptionalUser(hello)
	if w := ask(t, handler, "GET", "/", "Cookie", "session="+ada.Cookie); w.Body.String() != "hello "+ada.User().Name {
		t.Errorf("signed in: %d %s", w.Code, w.Body)
	}
	if w := ask(t, handler, "GET", "/"); w.Code != http.StatusOK || w.Body.String() != "hello " {
		t.Errorf("not signed in: %d %s", w.Code, w.Body)
	}
}

// Behind a prefix, links and cookies fit the public URL.
func TestMountedUnderAPrefix(t *testing.T) {
	t.Parallel()
	server := testkit.Start(t, func(c *cardea.Config) { c.PublicURL = "https://example.com/accounts/" })
	mounted := http.StripPrefix("/accounts", server)
	ada := server.Register(t, "ada@example.com")
	get := func(path, accept string) string {
		t.Helper()
		w := ask(t, mounted, "GET", path, "Accept", accept, "Cookie", "session="+ada.Cookie)
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
		return w.Body.String()
	}
	_, avatar, _ := strings.Cut(get("/accounts/api/user", ""), `"avatar_url":"https://example.com`)
	avatar, _, _ = strings.Cut(avatar, `"`)
	if !strings.HasPrefix(avatar, "/accounts/") {
		t.Errorf("avatar at %q", avatar)
	}
	get(avatar, "")
	home := get("/accounts/", browser)
	for link := range strings.SplitSeq(home, `="`) { // of its attributes
		link, _, _ = strings.Cut(link, `"`)
		if path, isLink := strings.CutPrefix(link, "./"); isLink && path != "logout" { // which is a form
			get("/accounts/"+path, browser)
		}
	}
	if strings.Contains(home, `="/`) || !strings.Contains(home, `href="./account"`) {
		t.Errorf("the home page: %s", home)
	}
	logout := ask(t, mounted, "POST", "/accounts/api/logout", "Cookie", "session="+ada.Cookie)
	if set := logout.Header().Get("Set-Cookie"); logout.Code != http.StatusOK || !strings.Contains(set, "; Path=/;") || !strings.Contains(set, "; Secure") {
		t.Errorf("%d, Set-Cookie: %s", logout.Code, set)
	}
}
