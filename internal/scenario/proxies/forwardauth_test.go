package proxies

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

const orders = "https://app.example.com/orders?page=2,3&q=a%20b"

// app answers with what it receives.
func app(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %s\n%s\n", r.Method, r.URL.RequestURI(), body)
	for name, values := range r.Header {
		if strings.HasPrefix(name, "Cardea") {
			fmt.Fprintf(w, "%s: %s\n", name, strings.Join(values, ", "))
		}
	}
}

// startApp returns the address of the app that the proxy protects.
func startApp(t *testing.T) string {
	front := httptest.NewServer(http.HandlerFunc(app))
	t.Cleanup(front.Close)
	return strings.TrimPrefix(front.URL, "http://")
}

// Caddy and nginx protect an app, with the configuration from the documentation.
func TestForwardAuth(t *testing.T) {
	t.Parallel()
	for name, start := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := testkit.Start(t, asDocumented(t, "forward-auth.md"))
			p := start(t, server, startApp(t), "deploy.md", "forward-auth.md")
			protects(t, p, server)
			isHealthy(t, p, server, "forward-auth.md")
		})
	}
}

// protects is the journey of a user through a proxy to an app.
func protects(t *testing.T, p *proxy, server *testkit.Server) {
	t.Helper()
	ada := server.Register(t, "ada@example.com")
	ada.Rename("Renée").Want(200)
	user := ada.User()
	client := p.browser()

	page := send(t, client, "GET", orders, "", "Cardea-User-Id", "evil")
	if want := "https://accounts.example.com/login?next=" + url.QueryEscape(orders); page.at != want {
		t.Fatalf("signed out, the browser is at %s, not %s", page.at, want)
	}
	action := regexp.MustCompile(`action="(login[^"]*)"`).FindStringSubmatch(page.text)
	if action == nil {
		t.Fatalf("the page has no form: %s", page.text)
	}
	to, err := url.Parse(page.at)
	if err != nil {
		t.Fatal(err)
	}
	if to, err = to.Parse(strings.ReplaceAll(action[1], "&amp;", "&")); err != nil {
		t.Fatal(err)
	}
	page = send(t, client, "POST", to.String(), "email=ada%40example.com&password=simplepass", "Content-Type", "application/x-www-form-urlencoded")
	if page.at != orders || !strings.HasPrefix(page.text, "GET /orders?page=2,3&q=a%20b\n") {
		t.Fatalf("signed in, the browser is at %s: %s", page.at, page.text)
	}

	page = send(t, client, "POST", orders, "a body", "Cardea-User-Id", "evil", "Cardea_User_Id", "evil", "Cardea-User-Email-Verified", "true", "Cardea-User-Name", "Eve")
	for _, line := range []string{
		"\na body\n", "\nCardea-User-Id: " + user.ID + "\n", "\nCardea-User-Name: UTF-8''Ren%C3%A9e\n", "\nCardea-User-Email: ada@example.com\n",
		"\nCardea-User-Email-Verified: false\n", "\nCardea-User-Avatar: " + user.Avatar + "\n",
	} {
		if !strings.Contains(page.text, line) {
			t.Errorf("the app does not receive %q: %s", line, page.text)
		}
	}
	if strings.Contains(page.text, "evil") || strings.Contains(page.text, "Eve") {
		t.Errorf("the app receives what the client said: %s", page.text)
	}
	if page := send(t, client, "GET", "https://accounts.example.com/login?next="+url.QueryEscape(orders), ""); page.at != orders {
		t.Errorf("signed in, /login leads to %s", page.at)
	}

	send(t, client, "POST", "https://accounts.example.com/api/logout", "")
	refusesAnyBut(t, client)
	if page = send(t, p.browser(), "GET", "https://app.example.com/", "", "Cookie", "session=ABCDEFGHIJKLMNOPQRSTUVWXYZ"); !strings.HasPrefix(page.at, "https://accounts.example.com/login?next=") {
		t.Errorf("with a token of no session, the browser is at %s", page.at)
	}
}

// refusesAnyBut looks whether a proxy answers 401 to all signed-out requests but those of
// browsers for a page.
func refusesAnyBut(t *testing.T, client *http.Client) {
	t.Helper()
	for _, c := range []struct {
		method, header, value string
		status                int
	}{
		{"GET", "Accept", "application/json", 401},
		{"GET", "Accept", "*/*", 401},
		{"GET", "Sec-Fetch-Mode", "cors", 401},
		{"POST", "Sec-Fetch-Mode", "navigate", 401},
		{"POST", "X-Forwarded-Method", "GET", 401},
		{"PUT", "X-Requested-With", "fetch", 401},
		{"DELETE", "Accept", "application/json", 401},
		{"GET", "Sec-Fetch-Mode", "navigate", 200},
		{"HEAD", "X-Forwarded-Method", "POST", 200},
	} {
		page := send(t, client, c.method, orders, "", c.header, c.value)
		if isAtLogin := strings.HasPrefix(page.at, "https://accounts.example.com/login?next="); page.status != c.status || isAtLogin != (c.status == 200) || strings.Contains(page.text, "orders?") && !isAtLogin {
			t.Errorf("%s with %s: %s, signed out: %d at %s: %s", c.method, c.header, c.value, page.status, page.at, page.text)
		}
	}
}

// Caddy removes all headers that could be taken for Cardea's. nginx does so with one more
// line and its module from the documentation.
func TestForgedHeaders(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(*testing.T, *testkit.Server) *proxy{
		"Caddy": func(t *testing.T, server *testkit.Server) *proxy {
			return kinds["Caddy"](t, server, startApp(t), "deploy.md", "forward-auth.md")
		},
		"nginx": func(t *testing.T, server *testkit.Server) *proxy {
			text := document(t, "deploy.md", "nginx") + document(t, "forward-auth.md", "nginx")
			line := document(t, "forward-auth.md", "nginx", "more_clear_input_headers ")
			return nginx(t, server, startApp(t), replaced(t, text, "auth_request /cardea;", line+"auth_request /cardea;"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := testkit.Start(t, asDocumented(t, "forward-auth.md"))
			p := start(t, server)
			server.Register(t, "ada@example.com")
			client := p.browser()
			send(t, client, "POST", "https://accounts.example.com/api/login", `{"email":"ada@example.com","password":"simplepass"}`, "Content-Type", "application/json")
			page := send(t, client, "GET", orders, "", "Cardea-User-Role", "admin", "cardea-user-name", "admin", "Cardea_User_Id", "admin", "Cardea", "admin")
			if !strings.HasPrefix(page.text, "GET /orders") || strings.Contains(page.text, "admin") || !strings.Contains(page.text, "\nCardea-User-Email: ada@example.com\n") {
				t.Errorf("the app receives: %d %s", page.status, page.text)
			}
		})
	}
}

// answer is what a browser shows in the end.
type answer struct {
	status   int
	at, text string
}

// send sends a request with headers, in pairs, and follows redirects.
func send(t *testing.T, client *http.Client, method, to, body string, headers ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, to, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Request.URL.String(), string(text)}
}
