package proxies

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

const orders = "https://app.example.com/orders?page=2,3&q=a%20b"

// asDocumented sets what the command in forward-auth.md sets.
func asDocumented(t *testing.T) testkit.Option { t.Helper(); return settingsOf(t, "forward-auth.md") }

// settingsOf sets what the first command of a page sets.
func settingsOf(t *testing.T, page string) testkit.Option {
	t.Helper()
	flags := regexp.MustCompile(`--(\S+) (\S+)`).FindAllStringSubmatch(document(t, page, "sh"), -1)
	if len(flags) < 4 {
		t.Fatalf("the documented command has the flags %q", flags)
	}
	return func(c *cardea.Config) {
		for _, flag := range flags {
			list := c.Settings()
			i := slices.IndexFunc(list, func(s cardea.Setting) bool { return s.Name == flag[1] })
			if i < 0 {
				t.Fatalf("there is no setting %s", flag[1])
			}
			if err := list[i].Set(flag[2]); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// app answers with what it receives.
func app(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %s\n%s\n", r.Method, r.URL.RequestURI(), body)
	for name, values := range r.Header {
		if strings.HasPrefix(strings.ReplaceAll(name, "_", "-"), "Cardea-") || strings.HasPrefix(name, "Cardea_") {
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

// caddyHead is what the configuration begins with, to run in a folder of the test.
func caddyHead(p *proxy, folder string) string {
	_, port, _ := strings.Cut(p.address, ":")
	return "{\nadmin off\nhttps_port " + port + "\nauto_https disable_redirects\nlocal_certs\nskip_install_trust\n" +
		"default_bind 127.0.0.1\nstorage file_system " + folder + "\n}\n"
}

// nginxHead is what the configuration begins with, up to the blocks of http.
func nginxHead(folder string) string {
	config := "daemon off; master_process off; pid " + folder + "/pid; error_log stderr;\nevents {}\nhttp {\naccess_log off;\n"
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		config += kind + "_temp_path " + folder + "/" + kind + ";\n"
	}
	return config
}

// Caddy and nginx protect an app, with the configuration from the documentation.
func TestCaddy(t *testing.T) {
	t.Parallel()
	server := testkit.Start(t, asDocumented(t))
	folder := t.TempDir()
	p := &proxy{t: t, address: testkit.ClosedAddress(t), ca: filepath.Join(folder, "pki", "authorities", "local", "root.crt")}
	config := caddyHead(p, folder) +
		replaced(t, document(t, "deploy.md", "caddy")+document(t, "forward-auth.md", "caddy"),
			" {\n\t\trequest_buffers 11MiB\n\t}", "", // Debian 12 has Caddy 2.6.2, which does not know it
			"127.0.0.1:5000", strings.TrimPrefix(server.URL, "http://"), "127.0.0.1:3000", startApp(t))
	file := filepath.Join(folder, "Caddyfile")
	write(t, file, []byte(config))
	p.run("caddy", "caddy", "run", "--config", file, "--adapter", "caddyfile")
	protects(t, p, server)
	isHealthy(t, p, server)
}

func TestNginx(t *testing.T) {
	t.Parallel()
	server := testkit.Start(t, asDocumented(t))
	folder := t.TempDir()
	certificate, key := makeCertificate(t, folder)
	p := &proxy{t: t, address: testkit.ClosedAddress(t), ca: certificate}
	config := nginxHead(folder) + replaced(t, document(t, "deploy.md", "nginx")+document(t, "forward-auth.md", "nginx"),
		"listen 443 ssl", "listen "+p.address+" ssl", "/etc/ssl/accounts.pem", certificate, "/etc/ssl/accounts.key", key,
		"/etc/ssl/app.pem", certificate, "/etc/ssl/app.key", key,
		"127.0.0.1:5000", strings.TrimPrefix(server.URL, "http://"), "127.0.0.1:3000", startApp(t)) + "}\n"
	file := filepath.Join(folder, "nginx.conf")
	write(t, file, []byte(config))
	p.run("nginx-light", "nginx", "-e", "stderr", "-p", folder, "-c", file)
	protects(t, p, server)
	isHealthy(t, p, server)
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
	if page = send(t, client, "GET", orders, "", "Accept", "application/json"); page.status != 401 || strings.Contains(page.text, "orders") {
		t.Errorf("a program, signed out: %d at %s: %s", page.status, page.at, page.text)
	}
	if page = send(t, p.browser(), "GET", "https://app.example.com/", "", "Cookie", "session=ABCDEFGHIJKLMNOPQRSTUVWXYZ"); !strings.HasPrefix(page.at, "https://accounts.example.com/login?next=") {
		t.Errorf("with a token of no session, the browser is at %s", page.at)
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
