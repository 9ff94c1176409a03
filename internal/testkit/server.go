// Package testkit runs a real Cardea for tests, on a temporary folder. Tests reach it
// over HTTP, as its users do. The package also has a clock to turn and pictures to
// upload.
package testkit

import (
	"context"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/database"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
	"github.com/cardea-accounts/cardea/internal/testkit/s3"
)

// Clock and Log are those of [house].
type (
	Clock = house.Clock
	Log   = house.Log
)

// NewClock returns a clock that shows [house.Start].
func NewClock() *Clock { return house.NewClock() }

// Server is a running Cardea.
type Server struct {
	URL     string
	Data    string // its data folder
	Storage string // its setting storage
	Clock   *Clock
	Log     *Log
	Stop    func() // stops it before the test ends, so another server can use the data folder
	*cardea.Server
}

// Option changes a setting of a server.
type Option = func(*cardea.Config)

// Start runs a server until the test ends. Hashes are cheap and nothing is throttled,
// unless an option changes that.
func Start(t testing.TB, options ...Option) *Server {
	t.Helper()
	log, clock := &Log{}, NewClock()
	cfg := cardea.Config{
		Data: t.TempDir(), Argon2Memory: 64, Argon2Time: 1, RateLimit: "off",
		Clock: clock.Now, Log: slog.New(slog.NewJSONHandler(log, nil)),
	}
	for _, option := range options {
		option(&cfg)
	}
	if cfg.Database == "" {
		cfg.Database = house.Address(t, cfg.Data)
	} else if database.IsAddress(cfg.Database) {
		house.Use(cfg.Data, cfg.Database)
	}
	if cfg.Storage == "" && s3.Everywhere() {
		cfg.Storage = s3.Over(t, filepath.Join(cfg.Data, "pictures")).Storage()
	}
	s, err := cardea.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		clock.Advance(time.Microsecond) // what two requests write has an order, as on a real clock
		s.ServeHTTP(w, r)
	}))
	running, end := context.WithCancel(context.Background())
	var background sync.WaitGroup
	background.Go(func() { s.Run(running) })
	stop := sync.OnceFunc(func() {
		front.Close()
		end()
		background.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return &Server{URL: front.URL, Data: cfg.Data, Storage: cfg.Storage, Clock: clock, Log: log, Server: s, Stop: stop}
}

// On makes a server use an existing data folder.
func On(data string) Option {
	return func(c *cardea.Config) { c.Data = data }
}

// Throttled turns throttling on, as it is by default. The server trusts the forwarded
// headers of tests, so [Server.From] can be at any address.
func Throttled(c *cardea.Config) {
	c.RateLimit = "on"
	c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
}

// Limits changes some limits on attempts, see [cardea.Config]. The server has to be
// [Throttled].
func Limits(text string) Option {
	return func(c *cardea.Config) { c.Limits = text }
}

// NewClient returns a client that is not signed in.
func (s *Server) NewClient(t testing.TB) *Client { return NewClient(t, s.URL) }

// From returns a client at an IP address. The server has to be [Throttled].
func (s *Server) From(t testing.TB, ip string) *Client {
	c := s.NewClient(t)
	c.Header.Set("X-Forwarded-For", ip)
	return c
}

// FromDevice returns a client at an IP address, on a device that has a device cookie.
func (s *Server) FromDevice(t testing.TB, ip string, device *http.Cookie) *Client {
	c := s.From(t, ip)
	c.Header.Set("Cookie", device.Name+"="+device.Value)
	return c
}

// Register makes an account with the password "simplepass" and returns a client that
// is signed in to it.
func (s *Server) Register(t testing.TB, email string) *Client {
	t.Helper()
	c := s.NewClient(t)
	c.Register(email)
	return c
}

// Login returns a client that has signed in with the password "simplepass".
func (s *Server) Login(t testing.TB, email string) *Client {
	t.Helper()
	c := s.NewClient(t)
	c.Login(email)
	return c
}

// StoredFiles lists the files in the picture storage.
func (s *Server) StoredFiles(t testing.TB) (files []string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(s.Data, "pictures"), func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// Dial opens a bare connection to a server, for requests that no client library
// sends. It closes when the test ends, and times out after half a minute.
func Dial(t testing.TB, url string) net.Conn {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}
