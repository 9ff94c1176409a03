package proxies

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit/need"
)

// names are the hosts that the documentation has.
var names = []string{"accounts.example.com", "app.example.com"}

// proxy is a real proxy in front of Cardea and an app.
type proxy struct {
	t       *testing.T
	address string   // where it listens, with TLS
	plain   string   // and without
	ca      string   // the file with the certificate that vouches for its own
	names   []string // that it has to answer for
	dialer  net.Dialer
}

// needs ends a test that misses a package of Debian.
func needs(t *testing.T, err error, debianPackage string) {
	t.Helper()
	need.Missing(t, "proxy", err.Error(), "install Debian's package "+debianPackage)
}

// run runs a program until the test ends, and waits until it answers in TLS.
func (p *proxy) run(debianPackage, name string, args ...string) {
	p.t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		needs(p.t, err, debianPackage)
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

// answers reports whether the proxy has a certificate for each of its names.
func (p *proxy) answers() bool {
	for _, name := range p.names {
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
		DialContext: func(ctx context.Context, network, to string) (net.Conn, error) {
			address := p.address
			if strings.HasSuffix(to, ":80") {
				address = p.plain
			}
			return p.dialer.DialContext(ctx, network, address)
		},
	}
	p.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Jar: jar}
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
