package doctor_test

import (
	"context"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/doctor"
	"github.com/cardea-accounts/cardea/internal/settings"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// The addresses of the scenes. A certificate of package httptest covers them.
const (
	publicURL = "https://accounts.example.com"
	app       = "https://app.example.com"
)

// scene is a real server behind a proxy that may misbehave, and what the doctor says.
type scene struct {
	url      string               // default: publicURL
	plain    bool                 // whether the proxy speaks http where it should speak https
	settings func(*cardea.Config) // of server and doctor
	server   func(*cardea.Config) // of the server only
	doctor   func(*doctor.Options)
	before   func(*testkit.Server) // the visit
	request  func(*httputil.ProxyRequest)
	response func(http.Header)
	front    func(w http.ResponseWriter, r *http.Request) bool // answers in place of the server
	want     doctor.Finding                                    // Saw and Change are parts of the texts
}

// sane is how a server behind a proxy should be set.
func sane(c *cardea.Config) {
	c.PublicURL = publicURL
	c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	c.AllowedOrigins = []string{app}
	c.UploadMaxBytes = 100 << 10 // net/http reads so little to the end, and need not close slowly
}

// visit has the doctor visit a scene.
func (s scene) visit(t *testing.T) []doctor.Finding {
	t.Helper()
	var config cardea.Config
	sane(&config)
	if s.settings != nil {
		s.settings(&config)
	}
	options := []testkit.Option{func(c *cardea.Config) {
		sane(c)
		for _, change := range []func(*cardea.Config){s.settings, s.server} {
			if change != nil {
				change(c)
			}
		}
	}}
	server := testkit.Start(t, options...)
	for _, setting := range config.Settings() {
		setting.FillIn()
	}
	address, err := settings.ParsePublicURL(publicURL)
	if s.url != "" {
		address, err = settings.ParsePublicURL(s.url)
	}
	if err != nil {
		t.Fatal(err)
	}
	opt := doctor.Options{URL: address, Settings: config, Data: server.Operate(t), Transport: s.startProxy(t, server.URL), Now: time.Now}
	if s.doctor != nil {
		s.doctor(&opt)
	}
	if s.before != nil {
		s.before(server)
	}
	return doctor.Run(t.Context(), opt)
}

// startProxy starts a proxy in front of a server, and returns the way to it: all hosts are
// there, and clients are at 127.0.0.2.
func (s scene) startProxy(t *testing.T, server string) http.RoundTripper {
	target, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
			r.SetXForwarded()
			if s.request != nil {
				s.request(r)
			}
		},
		ModifyResponse: func(r *http.Response) error {
			if s.response != nil {
				s.response(r.Header)
			}
			return nil
		},
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case s.front != nil && s.front(w, r):
		case r.Host != "accounts.example.com":
			http.NotFound(w, r)
		default:
			proxy.ServeHTTP(w, r)
		}
	})
	front := httptest.NewUnstartedServer(handler)
	front.Config.ErrorLog = log.New(io.Discard, "", 0) // some visits do not like the certificate
	if s.plain || strings.HasPrefix(s.url, "http://") {
		front.Start()
	} else {
		front.StartTLS()
	}
	t.Cleanup(front.Close)
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, front.Listener.Addr().String())
		},
	}
	if front.TLS != nil {
		trusted := x509.NewCertPool()
		trusted.AddCert(front.Certificate())
		transport.TLSClientConfig = front.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
		transport.TLSClientConfig.RootCAs = trusted
	}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// check visits the scene, and fails the test unless the doctor finds what is wanted.
func (s scene) check(t *testing.T) {
	t.Helper()
	findings := s.visit(t)
	for _, f := range findings {
		if f.Check == s.want.Check && f.State == s.want.State && strings.Contains(f.Saw, s.want.Saw) && strings.Contains(f.Change, s.want.Change) {
			if f.State == doctor.Wrong && doctor.IsHealthy(findings) {
				t.Error("something is wrong, but all counts as healthy")
			}
			return
		}
	}
	t.Errorf("the doctor does not say %+v, but:", s.want)
	for _, f := range findings {
		t.Errorf("%+v", f)
	}
}

func wrong(check, saw, change string) doctor.Finding {
	return doctor.Finding{Check: check, State: doctor.Wrong, Saw: saw, Change: change}
}
