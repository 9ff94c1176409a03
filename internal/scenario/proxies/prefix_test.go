package proxies

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// Caddy and nginx have Cardea below a prefix of the app's host, with the configuration from
// docs/sites.md.
func TestCaddyPrefix(t *testing.T) {
	t.Parallel()
	server := testkit.Start(t, settingsOf(t, "sites.md"))
	folder := t.TempDir()
	p := &proxy{t: t, address: testkit.ClosedAddress(t), ca: filepath.Join(folder, "pki", "authorities", "local", "root.crt")}
	config := caddyHead(p, folder) + "accounts.example.com {\n}\n" + replaced(t, document(t, "sites.md", "caddy"),
		" {\n\t\t\trequest_buffers 11MiB\n\t\t}", "", // Debian 12 has Caddy 2.6.2, which does not know it
		"127.0.0.1:5000", strings.TrimPrefix(server.URL, "http://"), "127.0.0.1:3000", startApp(t))
	file := filepath.Join(folder, "Caddyfile")
	write(t, file, []byte(config))
	p.run("caddy", "caddy", "run", "--config", file, "--adapter", "caddyfile")
	servesBelowAPrefix(t, p, server)
}

func TestNginxPrefix(t *testing.T) {
	t.Parallel()
	server := testkit.Start(t, settingsOf(t, "sites.md"))
	folder := t.TempDir()
	certificate, key := makeCertificate(t, folder)
	p := &proxy{t: t, address: testkit.ClosedAddress(t), ca: certificate}
	config := nginxHead(folder) + "server {\nlisten " + p.address + " ssl;\nssl_certificate " + certificate + ";\nssl_certificate_key " + key + ";\n" +
		"location / { proxy_pass http://" + startApp(t) + "; proxy_set_header Host $host; }\n" +
		replaced(t, document(t, "sites.md", "nginx"), "127.0.0.1:5000", strings.TrimPrefix(server.URL, "http://")) + "}\n}\n"
	file := filepath.Join(folder, "nginx.conf")
	write(t, file, []byte(config))
	p.run("nginx-light", "nginx", "-e", "stderr", "-p", folder, "-c", file)
	servesBelowAPrefix(t, p, server)
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
