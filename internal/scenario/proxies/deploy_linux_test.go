package proxies

import (
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// Caddy and nginx in front of Cardea alone, with the configuration and the settings from
// docs/deploy.md.
func TestDeploy(t *testing.T) {
	t.Parallel()
	for name, start := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := testkit.Start(t, asDocumented(t, "deploy.md"))
			p := start(t, server, "", "deploy.md")
			p.dialer.LocalAddr = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)} // Linux has them all; the trusted proxy is 127.0.0.1
			isServed(t, p)
			isHealthy(t, p, server, "deploy.md")
		})
	}
}

// isServed registers a user through the proxy, who sends a large picture, and whom the server
// sees at their own address.
func isServed(t *testing.T, p *proxy) {
	t.Helper()
	const here = "https://accounts.example.com"
	client := p.browser()

	if page := send(t, client, "GET", "http://accounts.example.com/login?code", ""); page.at != here+"/login?code" || page.status != http.StatusOK {
		t.Errorf("without TLS, the browser is at %s: %d", page.at, page.status)
	}
	registered := send(t, client, "POST", here+"/api/register", `{"name":"Ada","email":"ada@example.com","password":"simplepass"}`,
		"Content-Type", "application/json", "X-Forwarded-For", "192.0.2.7", "X-Forwarded-Proto", "http")
	if registered.status != http.StatusCreated || !strings.Contains(registered.text, `"avatar_url":"`+here+`/avatars/`) {
		t.Fatalf("%d %s", registered.status, registered.text)
	}

	picture := testkit.LargePNG(9_000_000)
	form, formType := testkit.Form(t, "profile_pic", "ada.png", picture)
	if page := send(t, client, "POST", here+"/api/upload-picture", string(form), "Content-Type", formType); page.status != http.StatusOK {
		t.Errorf("the upload: %d %s", page.status, page.text)
	}

	var list struct {
		Sessions []struct {
			IP      string
			Current bool
		}
	}
	said := send(t, client, "GET", here+"/api/sessions", "").text
	if err := json.Unmarshal([]byte(said), &list); err != nil || len(list.Sessions) != 1 || list.Sessions[0].IP != "127.0.0.2" {
		t.Errorf("%v, sessions: %s", err, said)
	}
}
