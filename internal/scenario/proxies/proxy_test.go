package proxies

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// names are the hosts that the documentation has.
var names = []string{"accounts.example.com", "app.example.com"}

// proxy is a real proxy in front of Cardea and an app.
type proxy struct {
	t       *testing.T
	address string // where it listens
	ca      string // the file with the certificate that vouches for its own
}

// document returns the first block of a language in a page of docs/.
func document(t *testing.T, page, language string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", page))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "```"+language+"\n")
	block, _, closed := strings.Cut(rest, "```")
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

// run runs a program until the test ends, and waits until it answers in TLS. Without the
// program the test is skipped, except where the environment has CI=true: there it fails.
func (p *proxy) run(debianPackage, name string, args ...string) {
	p.t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			p.t.Fatalf("%v; install Debian's package %s", err, debianPackage)
		}
		p.t.Skipf("THIS PROXY IS NOT TESTED: %v; install Debian's package %s", err, debianPackage)
	}
	ctx, stop := context.WithCancel(context.Background())
	var said lockedBuffer
	command := exec.CommandContext(ctx, path, args...) //nolint:gosec // of the test
	command.Stdout, command.Stderr = &said, &said
	command.Env = append(os.Environ(), "HOME="+p.t.TempDir(), "XDG_DATA_HOME=", "XDG_CONFIG_HOME=")
	if err := command.Start(); err != nil {
		p.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	p.t.Cleanup(func() {
		stop()
		<-ended //nolint:errcheck // it was killed
		if p.t.Failed() {
			p.t.Logf("%s said:\n%s", name, said.String())
		}
	})
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for begun := time.Now(); !p.answers(); <-tick.C {
		select {
		case err := <-ended:
			ended <- err
			p.t.Fatalf("%s ended: %v", name, err)
		default:
		}
		if time.Since(begun) > 30*time.Second {
			p.t.Fatalf("%s does not answer", name)
		}
	}
}

// answers reports whether the proxy has a certificate for each name.
func (p *proxy) answers() bool {
	for _, name := range names {
		config, err := p.trust()
		if err != nil {
			return false
		}
		config.ServerName = name
		conn, err := (&tls.Dialer{Config: config}).DialContext(p.t.Context(), "tcp", p.address)
		if err != nil {
			return false
		}
		_ = conn.Close()
	}
	return true
}

func (p *proxy) trust() (*tls.Config, error) {
	certificate, err := os.ReadFile(p.ca)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(certificate)
	return &tls.Config{RootCAs: pool}, err //nolint:gosec // the default version is fine
}

// browser returns a client that finds all hosts at the proxy, keeps cookies and follows
// redirects.
func (p *proxy) browser() *http.Client {
	p.t.Helper()
	trust, err := p.trust()
	if err != nil {
		p.t.Fatal(err)
	}
	jar, _ := cookiejar.New(nil) // without options it does not fail
	transport := &http.Transport{
		TLSClientConfig: trust,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, p.address)
		},
	}
	p.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Jar: jar}
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

// lockedBuffer collects what a program says.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
