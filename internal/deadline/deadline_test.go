package deadline

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

const (
	soon  = 20 * time.Millisecond
	later = time.Minute
)

// timedConn tells how often, and when, its timers are set.
type timedConn struct {
	*net.TCPConn
	reads, writes atomic.Int32
	set           chan struct{}
}

func (c *timedConn) SetReadDeadline(t time.Time) error {
	c.reads.Add(1)
	defer func() { c.set <- struct{}{} }()
	return c.TCPConn.SetReadDeadline(t)
}

func (c *timedConn) SetWriteDeadline(t time.Time) error {
	c.writes.Add(1)
	defer func() { c.set <- struct{}{} }()
	return c.TCPConn.SetWriteDeadline(t)
}

type timedListener struct{ net.Listener }

func (l timedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &timedConn{TCPConn: c.(*net.TCPConn), set: make(chan struct{}, 1000)}, nil
}

// connect returns both ends of a connection: the server's, what it stands on, and the client's.
func connect(t testing.TB) (*conn, *timedConn, net.Conn) {
	t.Helper()
	tcp, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close() //nolint:errcheck // nothing is lost
	client, err := new(net.Dialer).DialContext(t.Context(), "tcp", tcp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := Listener(timedListener{tcp}).Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = client.Close(), server.Close() })
	c := server.(*conn)
	return c, c.tcpConn.(*timedConn), client
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestLaterDeadlinesSetNoTimer(t *testing.T) {
	server, timers, _ := connect(t)
	for i := range 100 { // as net/http does for every request
		now := time.Now().Add(time.Duration(i) * time.Millisecond)
		must(t, server.SetReadDeadline(now.Add(later)))
		must(t, server.SetReadDeadline(time.Time{}))
		must(t, server.SetReadDeadline(now.Add(later/2)))
		must(t, server.SetWriteDeadline(now.Add(later)))
	}
	if r, w := timers.reads.Load(), timers.writes.Load(); r != 2 || w != 1 {
		t.Errorf("100 requests set %d timers for reading, want 2, and %d for writing, want 1", r, w)
	}
}

func TestReadGoesOnWhenATimerGoesOffEarly(t *testing.T) {
	for name, wanted := range map[string]time.Time{"later": time.Now().Add(later), "never": {}} {
		t.Run(name, func(t *testing.T) {
			server, timers, client := connect(t)
			must(t, server.SetReadDeadline(time.Now().Add(soon)))
			<-timers.set
			must(t, server.SetReadDeadline(wanted))
			go func() {
				<-timers.set // it has gone off
				_, _ = client.Write([]byte("hello"))
			}()
			got := make([]byte, 10)
			if n, err := server.Read(got); err != nil || string(got[:n]) != "hello" {
				t.Errorf("read %q, %v", got[:n], err)
			}
		})
	}
}

func TestEarlierDeadlinesHold(t *testing.T) {
	server, _, _ := connect(t)
	must(t, server.SetDeadline(time.Now().Add(later)))
	must(t, server.SetDeadline(time.Now().Add(soon)))
	if _, err := server.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Read: %v", err)
	}
	if _, err := server.Write(make([]byte, 64<<20)); !errors.Is(err, os.ErrDeadlineExceeded) { // more than the kernel keeps
		t.Errorf("Write: %v", err)
	}
}

// TestReadsAreInterrupted does what net/http does when a handler has ended.
func TestReadsAreInterrupted(t *testing.T) {
	for name, before := range map[string]time.Time{"with a timer": time.Now().Add(later), "without": {}} {
		t.Run(name, func(t *testing.T) {
			server, _, client := connect(t)
			must(t, server.SetReadDeadline(before))
			ended := make(chan error)
			go func() {
				_, err := server.Read(make([]byte, 1))
				ended <- err
			}()
			must(t, server.SetReadDeadline(time.Unix(1, 0)))
			if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("the interrupted read: %v", err)
			}
			must(t, server.SetReadDeadline(time.Time{}))
			_, err := client.Write([]byte("x"))
			must(t, err)
			if n, err := server.Read(make([]byte, 1)); n != 1 || err != nil {
				t.Errorf("the next read: %d bytes, %v", n, err)
			}
		})
	}
}

func TestWritesGoOnWhenATimerGoesOffEarly(t *testing.T) {
	server, timers, client := connect(t)
	sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<20) // more than the kernel keeps
	must(t, server.SetWriteDeadline(time.Now().Add(soon)))
	<-timers.set
	must(t, server.SetWriteDeadline(time.Now().Add(later)))
	got := make(chan []byte)
	go func() {
		<-timers.set // it has gone off, with a part written
		data, _ := io.ReadAll(client)
		got <- data
	}()
	n, err := server.Write(sent)
	if n != len(sent) || err != nil {
		t.Fatalf("wrote %d of %d bytes, %v", n, len(sent), err)
	}
	must(t, server.CloseWrite())
	if !bytes.Equal(<-got, sent) {
		t.Error("other bytes arrived")
	}
}

// TestFilesAreSentWhole has the timer go off early, were it left alone, in a file
// that the kernel sends.
func TestFilesAreSentWhole(t *testing.T) {
	server, timers, client := connect(t)
	path := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(path, bytes.Repeat([]byte("0123456789abcdef"), 1<<20), 0o600))
	file, err := os.Open(path) //nolint:gosec // made above
	must(t, err)
	defer file.Close() //nolint:errcheck // only read
	must(t, server.SetWriteDeadline(time.Now().Add(soon)))
	must(t, server.SetWriteDeadline(time.Now().Add(later)))
	early := time.After(2 * soon) // nothing tells that a timer has gone off here, since it must not
	got := make(chan int64)
	go func() {
		<-early
		n, _ := io.Copy(io.Discard, client)
		got <- n
	}()
	n, err := server.ReadFrom(&io.LimitedReader{R: file, N: 16 << 20})
	if n != 16<<20 || err != nil {
		t.Fatalf("sent %d bytes, %v", n, err)
	}
	must(t, server.CloseWrite())
	if n := <-got; n != 16<<20 {
		t.Errorf("%d bytes arrived", n)
	}
	if timers.writes.Load() != 2 {
		t.Errorf("the timer was set %d times, want 2", timers.writes.Load())
	}
}

// BenchmarkDeadlines moves deadlines as net/http does for a request.
func BenchmarkDeadlines(b *testing.B) {
	server, timers, _ := connect(b)
	for name, c := range map[string]net.Conn{"noted": server, "set": timers.TCPConn} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				now := time.Now()
				_ = c.SetReadDeadline(now.Add(10 * time.Second))
				_ = c.SetWriteDeadline(now.Add(10 * time.Second))
				_ = c.SetReadDeadline(now.Add(120 * time.Second))
				_ = c.SetReadDeadline(time.Time{})
			}
		})
	}
}
