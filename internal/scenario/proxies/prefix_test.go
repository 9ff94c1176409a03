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
		text := "server {\nlisten 80;\nlisten 443 ssl;\nserver_name app.example.com;\nssl_certificate /etc/ssl/app.pem;\nssl_certificate_key /etc/ssl/app.key;\n" +
			"location / { proxy_pass http://127.0.0.1:3000; proxy_set_header Host $host; }\n" + document(t, "sites.md", "nginx") + "}\n"
		servesBelowAPrefix(t, nginx(t, server, startApp(t), text), server)
	})
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
