package proxies

import (
	"regexp"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// Caddy and nginx have Cardea below a prefix of the app's host, with the configuration from
// docs/sites.md. There, that of nginx is a part of the app's server.
func TestPrefix(t *testing.T) {
	t.Parallel()
	t.Run("Caddy", func(t *testing.T) {
		t.Parallel()
		server := testkit.Start(t, asDocumented(t, "sites.md"))
		servesBelowAPrefix(t, caddy(t, server, startApp(t), document(t, "sites.md", "caddy")), server)
	})
	t.Run("nginx", func(t *testing.T) {
		t.Parallel()
		server := testkit.Start(t, asDocumented(t, "sites.md"))
		text := "location / { proxy_pass http://127.0.0.1:3000; proxy_set_header Host $host; }\n" + document(t, "sites.md", "nginx")
		servesBelowAPrefix(t, nginx(t, server, startApp(t), appServer(text)), server)
	})
}

// appServer is the server block of an app in nginx.
func appServer(text string) string {
	return "server {\nlisten 80;\nlisten 443 ssl;\nserver_name app.example.com;\nssl_certificate /etc/ssl/app.pem;\nssl_certificate_key /etc/ssl/app.key;\n" + text + "}\n"
}

// Caddy and nginx have Cardea at the old addresses of a Flask app, with the configuration
// from docs/from-flask.md.
func TestMove(t *testing.T) {
	t.Parallel()
	const page = "from-flask.md"
	for name, start := range map[string]func(t *testing.T, server *testkit.Server, app string) *proxy{
		"Caddy": func(t *testing.T, server *testkit.Server, app string) *proxy {
			return caddy(t, server, "", replaced(t, document(t, page, "caddy"), "127.0.0.1:8000", app))
		},
		"nginx": func(t *testing.T, server *testkit.Server, app string) *proxy {
			return nginx(t, server, "", replaced(t, appServer(document(t, page, "nginx")), "127.0.0.1:8000", app))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := testkit.Start(t, asDocumented(t, "sites.md"))
			p := start(t, server, startApp(t))
			servesBelowAPrefix(t, p, server)
			servesOldAddresses(t, p)
		})
	}
}

// servesOldAddresses calls Cardea and the app at the addresses of the app.
func servesOldAddresses(t *testing.T, p *proxy) {
	t.Helper()
	const host = "https://app.example.com"
	client := p.browser()
	registered := send(t, client, "POST", host+"/api/register", `{"name":"Zoe","email":"zoe@example.com","password":"simplepass"}`,
		"Content-Type", "application/json", "Origin", host)
	if registered.status != 201 {
		t.Fatalf("%d %s", registered.status, registered.text)
	}
	form, formType := testkit.Form(t, "profile_pic", "zoe.png", testkit.EncodePNG(testkit.Noise(800, true))) // more than 1 MB
	uploaded := send(t, client, "POST", host+"/api/upload-picture", string(form), "Content-Type", formType)
	_, path, _ := strings.Cut(uploaded.text, host+"/accounts")
	path, _, _ = strings.Cut(path, `"`)
	if page := send(t, client, "GET", host+path, ""); page.status != 200 || !strings.HasPrefix(path, "/uploads/") {
		t.Errorf("the picture at %s: %d; the upload: %s", path, page.status, uploaded.text)
	}
	for _, path := range []string{"/notes", "/api/users", "/api/login/other", "/static/style.css"} {
		if page := send(t, client, "GET", host+path, ""); !strings.HasPrefix(page.text, "GET "+path+"\n") {
			t.Errorf("%s: %d %s", path, page.status, page.text)
		}
	}
	if page := send(t, client, "POST", host+"/api/logout", ""); page.status != 200 {
		t.Errorf("the logout: %d %s", page.status, page.text)
	}
	if page := send(t, client, "GET", host+"/api/user", "", "Accept", "application/json"); page.status != 401 {
		t.Errorf("signed out: %d %s", page.status, page.text)
	}
}

var formAction = regexp.MustCompile(`action="(login[^"]*)"`)

// servesBelowAPrefix is the journey of a user to the sign-in below a prefix, and to the app.
func servesBelowAPrefix(t *testing.T, p *proxy, server *testkit.Server) {
	t.Helper()
	const host = "https://app.example.com"
	avatar := server.NewClient(t).Register("ada@example.com").Envelope().User.Avatar
	if !strings.HasPrefix(avatar, host+"/accounts/avatars/") {
		t.Errorf("the avatar is at %s", avatar)
	}
	client := p.browser()
	page := send(t, client, "GET", host+"/accounts/login?next=/orders%3Fpage%3D2", "")
	action := formAction.FindStringSubmatch(page.text)
	if action == nil {
		t.Fatalf("the page has no form: %d %s", page.status, page.text)
	}
	page = send(t, client, "POST", host+"/accounts/"+strings.ReplaceAll(action[1], "&amp;", "&"), "email=ada%40example.com&password=simplepass",
		"Content-Type", "application/x-www-form-urlencoded", "Origin", host)
	if page.at != host+"/orders?page=2" || !strings.HasPrefix(page.text, "GET /orders?page=2\n") {
		t.Fatalf("signed in, the browser is at %s: %s", page.at, page.text)
	}
	if page := send(t, client, "GET", host+"/accounts/api/user", "", "Accept", "application/json"); page.status != 200 || !strings.Contains(page.text, "ada@example.com") {
		t.Errorf("the user: %d %s", page.status, page.text)
	}
	if page := send(t, client, "GET", avatar, ""); page.status != 200 {
		t.Errorf("the avatar: %d", page.status)
	}
	if page := send(t, client, "GET", host+"/accounts/login", ""); page.at != host+"/" || !strings.HasPrefix(page.text, "GET /\n") {
		t.Errorf("signed in, /accounts/login leads to %s", page.at)
	}
	if page := send(t, p.browser(), "GET", host+"/accounts", ""); !strings.HasSuffix(page.at, "/accounts/") || page.status != 200 {
		t.Errorf("/accounts leads to %s: %d", page.at, page.status)
	}
}
