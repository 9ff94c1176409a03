package scenario

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/s3"
)

// A read of the session allocates next to nothing beyond net/http.
func TestAllocationsOfTheHotPath(t *testing.T) {
	server := testkit.Start(t)
	ada := server.Register(t, "ada@example.com")
	request := readOf(ada.Cookie)
	w := &nothing{header: http.Header{}}
	const most = 1 // the recorder
	n := testing.AllocsPerRun(100, func() { clear(w.header); server.ServeHTTP(w, request) })
	for start := time.Now(); n > most && time.Since(start) < 5*time.Second; { // the session cache starts with the watch for other processes
		n = testing.AllocsPerRun(100, func() { clear(w.header); server.ServeHTTP(w, request) })
	}
	if n > most {
		t.Errorf("%v allocations a request, want at most %d", n, most)
	}
}

func BenchmarkUser(b *testing.B) {
	server := testkit.Start(b)
	ada := server.Register(b, "ada@example.com")
	request := readOf(ada.Cookie)
	w := &nothing{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.header)
		server.ServeHTTP(w, request)
	}
}

// BenchmarkPage shows the page of the sign-in, and the account page of a user.
func BenchmarkPage(b *testing.B) {
	server := testkit.Start(b)
	ada := server.Register(b, "ada@example.com")
	for path, cookie := range map[string]string{"/login": "", "/account": ada.Cookie} {
		b.Run(path, func(b *testing.B) {
			request := readOf(cookie)
			request.URL.Path = path
			request.Header.Set("Accept", "text/html")
			w := &nothing{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				server.ServeHTTP(w, request)
			}
		})
	}
}

func BenchmarkDefaultAvatar(b *testing.B) {
	server := testkit.Start(b)
	address := server.Register(b, "ada@example.com").User().Avatar
	r := readOf("")
	r.URL.Path = strings.TrimPrefix(address, server.URL)
	w := &nothing{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.header)
		server.ServeHTTP(w, r)
	}
}

// nothing is a response writer that takes every answer and costs nothing.
type nothing struct{ header http.Header }

func (n *nothing) Header() http.Header { return n.header }

func (n *nothing) Write(b []byte) (int, error) { return len(b), nil }

func (n *nothing) WriteHeader(int) {}

// SetWriteDeadline makes it look like a connection.
func (n *nothing) SetWriteDeadline(time.Time) error { return nil }

// The kernel sends the bytes of a picture or crop. They do not pass through the process.
func TestFilesAreSentByTheKernel(t *testing.T) {
	if s3.Everywhere() {
		t.Skip("with CARDEA_TEST_STORAGE=s3 there are no files")
	}
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	client.Upload("me.jpg", testkit.EncodeJPEG(testkit.Quadrants(600, 600))).Want(http.StatusOK)
	w := &socket{nothing: nothing{header: http.Header{}}}
	server.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", client.Crops()[512], nil))
	// The type that package net sends by sendfile (net/sendfile.go).
	limited, ok := w.from.(*io.LimitedReader)
	if !ok {
		t.Fatalf("sent from a %T", w.from)
	}
	if _, ok := limited.R.(syscall.Conn); !ok || w.written != 0 {
		t.Errorf("sent from a %T, %d bytes through memory", limited.R, w.written)
	}
}

// socket is a connection that can send a file by itself.
type socket struct {
	nothing
	from    io.Reader
	written int
}

func (s *socket) ReadFrom(r io.Reader) (int64, error) {
	s.from = r
	return io.Copy(io.Discard, r)
}

func (s *socket) Write(b []byte) (int, error) {
	s.written += len(b)
	return len(b), nil
}

// Serving a picture should reach 0.7 times the rate of a bare http.ServeContent of the
// same file. Both are measured in turns, over TCP.
func BenchmarkServePicture(b *testing.B) {
	server := testkit.Start(b)
	client := server.Register(b, "ada@example.com")
	address := client.Upload("me.jpg", testkit.EncodeJPEG(testkit.Noise(1000, true))).Want(http.StatusOK).Envelope().Picture
	for _, query := range []string{"", "?size=512", "?size=64"} {
		b.Run(strings.TrimPrefix("whole"+query, "whole?"), func(b *testing.B) {
			path := strings.TrimPrefix(address, server.URL) + query
			bare := httptest.NewServer(bareFile(fileLike(b, server, client.Get(path).Body)))
			defer bare.Close()
			ours, theirs := keepAsking(b, server.URL, path), keepAsking(b, bare.URL, path)
			var ratios []float64
			for b.Loop() {
				ratios = append(ratios, float64(theirs())/float64(ours()))
			}
			slices.Sort(ratios)
			b.ReportMetric(ratios[len(ratios)/2], "×bare")
		})
	}
}

// bareFile serves a file and does nothing else.
func bareFile(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f, err := os.Open(name)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		defer f.Close() //nolint:errcheck // it was only read
		w.Header().Set("Content-Type", "image/jpeg")
		http.ServeContent(w, r, "", time.Unix(1, 0), f)
	}
}

// fileLike returns the stored file with these bytes.
func fileLike(b *testing.B, server *testkit.Server, data []byte) string {
	b.Helper()
	for _, name := range server.StoredFiles(b) {
		if got, err := os.ReadFile(name); err == nil && string(got) == string(data) {
			return name
		}
	}
	b.Fatal("no such file")
	return ""
}

// keepAsking returns a function that asks for a path a hundred times over one connection
// and returns how long that took.
func keepAsking(b *testing.B, url, path string) func() time.Duration {
	b.Helper()
	conn := testkit.Dial(b, url)
	answers := bufio.NewReaderSize(conn, 64<<10)
	request := fmt.Sprintf("GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path)
	return func() time.Duration {
		start := time.Now()
		for range 100 {
			if _, err := io.WriteString(conn, request); err != nil {
				b.Fatal(err)
			}
			res, err := http.ReadResponse(answers, nil)
			if err != nil || res.StatusCode != http.StatusOK {
				b.Fatalf("%v, %v", res, err)
			}
			if _, err := io.Copy(io.Discard, res.Body); errors.Join(err, res.Body.Close()) != nil {
				b.Fatal(err)
			}
		}
		return time.Since(start)
	}
}
