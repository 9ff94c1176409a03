package proxies

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// kinds start a proxy in front of a server and an app, with the blocks of pages of docs/.
var kinds = map[string]func(t *testing.T, server *testkit.Server, app string, pages ...string) *proxy{
	"Caddy": func(t *testing.T, server *testkit.Server, app string, pages ...string) *proxy {
		return caddy(t, server, app, blocks(t, "caddy", pages))
	},
	"nginx": func(t *testing.T, server *testkit.Server, app string, pages ...string) *proxy {
		return nginx(t, server, app, blocks(t, "nginx", pages))
	},
}

// blocks joins the blocks of pages of docs/.
func blocks(t *testing.T, language string, pages []string) (text string) {
	t.Helper()
	for _, page := range pages {
		text += document(t, page, language)
	}
	return text
}

// caddy starts Caddy with what the documentation says.
func caddy(t *testing.T, server *testkit.Server, app, text string) *proxy {
	t.Helper()
	folder := t.TempDir()
	p := &proxy{
		t: t, address: testkit.ClosedAddress(t), plain: testkit.ClosedAddress(t),
		ca: filepath.Join(folder, "pki", "authorities", "local", "root.crt"),
	}
	text = p.configured(text, server, app)
	if isOld(t) {
		text = regexp.MustCompile(` \{\s+request_buffers 11MiB\s+\}`).ReplaceAllString(text, "")
	}
	config := fmt.Sprintf("{\nadmin off\nhttps_port %s\nhttp_port %s\nlocal_certs\nskip_install_trust\ndefault_bind 127.0.0.1\nstorage file_system %s\n}\n%s",
		port(p.address), port(p.plain), folder, text)
	file := filepath.Join(folder, "Caddyfile")
	write(t, file, []byte(config))
	p.run("caddy", "caddy", "run", "--config", file, "--adapter", "caddyfile")
	return p
}

// isOld reports whether Caddy does not know request_buffers, as that of Debian 12.
func isOld(t *testing.T) bool {
	out, err := exec.CommandContext(t.Context(), "caddy", "version").Output()
	var major, minor, patch int
	if _, parseErr := fmt.Sscanf(strings.TrimPrefix(string(out), "v"), "%d.%d.%d", &major, &minor, &patch); err != nil || parseErr != nil {
		return false // it is not there, or built from a commit
	}
	return slices.Compare([]int{major, minor, patch}, []int{2, 6, 4}) < 0
}

// nginx starts nginx with what the documentation says.
func nginx(t *testing.T, server *testkit.Server, app, text string) *proxy {
	t.Helper()
	folder := t.TempDir()
	certificate, key := makeCertificate(t, folder)
	p := &proxy{t: t, address: testkit.ClosedAddress(t), plain: testkit.ClosedAddress(t), ca: certificate}
	config := headersMore(t, text) + "daemon off; master_process off; pid " + folder + "/pid; error_log stderr;\nevents {}\nhttp {\naccess_log off;\n"
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		config += kind + "_temp_path " + folder + "/" + kind + ";\n"
	}
	text = replaced(t, p.configured(text, server, app), "listen 443 ssl", "listen "+p.address+" ssl", "listen 80;", "listen "+p.plain+";")
	of := regexp.MustCompile(`/etc/ssl/\w+\.(pem|key)`)
	config += of.ReplaceAllStringFunc(text, func(file string) string {
		if strings.HasSuffix(file, ".key") {
			return key
		}
		return certificate
	}) + "}\n"
	file := filepath.Join(folder, "nginx.conf")
	write(t, file, []byte(config))
	p.run("nginx-light", "nginx", "-e", "stderr", "-p", folder, "-c", file)
	return p
}

// headersMore is the line that loads the module for more_clear_input_headers; empty if that is
// not used.
func headersMore(t *testing.T, text string) string {
	t.Helper()
	const module = "/usr/lib/nginx/modules/ngx_http_headers_more_filter_module.so"
	if !strings.Contains(text, "more_clear_input_headers") {
		return ""
	}
	if _, err := os.Stat(module); err != nil {
		needs(t, err, "libnginx-mod-http-headers-more-filter")
	}
	return "load_module " + module + ";\n"
}

// configured is what the documentation says, with the addresses of server and app.
func (p *proxy) configured(text string, server *testkit.Server, app string) string {
	p.t.Helper()
	p.names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !strings.Contains(text, name) })
	text = replaced(p.t, text, "127.0.0.1:5000", strings.TrimPrefix(server.URL, "http://"))
	return strings.ReplaceAll(text, "127.0.0.1:3000", app)
}

// asDocumented sets what the first command of a page sets, except where the data is.
func asDocumented(t *testing.T, page string) testkit.Option {
	flags := regexp.MustCompile(`--(\S+) (\S+)`).FindAllStringSubmatch(document(t, page, "sh"), -1)
	if len(flags) < 4 {
		t.Fatalf("the documented command has the flags %q", flags)
	}
	return func(c *cardea.Config) {
		data := c.Data
		defer func() { c.Data = data }()
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

func port(address string) string { return address[strings.LastIndexByte(address, ':')+1:] }

// document returns the first block of a language in a page of docs/ that begins so.
func document(t *testing.T, page, language string, begin ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", page))
	if err != nil {
		t.Fatal(err)
	}
	first := strings.Join(begin, "")
	_, rest, found := strings.Cut(string(text), "```"+language+"\n"+first)
	block, _, closed := strings.Cut(first+rest, "```")
	if !found || !closed {
		t.Fatalf("docs/%s has no block of %s", page, language)
	}
	return block
}

// replaced replaces texts that must be there, in pairs.
func replaced(t *testing.T, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("%q is not in\n%s", pairs[i], text)
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	return text
}

// makeCertificate writes a certificate for all names, which vouches for itself.
func makeCertificate(t *testing.T, folder string) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	certificate, key = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	write(t, certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	write(t, key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
	return certificate, key
}

func write(t *testing.T, file string, data []byte) {
	t.Helper()
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
