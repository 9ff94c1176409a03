package tcpproxy_test

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit/tcpproxy"
)

func TestPass(t *testing.T) {
	t.Parallel()
	proxy := tcpproxy.Start(t, echo(t))
	one, two := dial(t, proxy), dial(t, proxy)
	for range 3 {
		says(t, one, "hello")
		says(t, two, "hi")
	}
	if open := proxy.Connections(); open != 2 {
		t.Errorf("%d connections", open)
	}
}

// Cut ends connections. The client can connect again at once.
func TestCut(t *testing.T) {
	t.Parallel()
	proxy, client := connected(t)
	proxy.Cut()
	isCut(t, client)
	says(t, dial(t, proxy), "hello again")
}

func TestRefuse(t *testing.T) {
	t.Parallel()
	proxy, client := connected(t)
	proxy.Refuse()
	isCut(t, client)
	isRefused(t, proxy)
	proxy.Recover()
	says(t, dial(t, proxy), "hello again")
}

// While the proxy stalls, connections stay open without an answer, and new ones are made. What
// was sent passes as soon as it recovers.
func TestStall(t *testing.T) {
	t.Parallel()
	proxy, before := connected(t)
	proxy.Stall()
	clients := []net.Conn{before, dial(t, proxy)}
	for _, client := range clients {
		if _, err := client.Write([]byte("lost?")); err != nil {
			t.Fatal(err)
		}
		within(t, client, 50*time.Millisecond)
		if n, err := client.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%d bytes, %v", n, err)
		}
	}
	proxy.Recover()
	for _, client := range clients {
		hears(t, client, "lost?")
		says(t, client, "hello")
	}
}

// A connection that was cut while the proxy stalled stays cut.
func TestCutWhileStalled(t *testing.T) {
	t.Parallel()
	proxy, client := connected(t)
	proxy.Stall()
	if _, err := client.Write([]byte("lost")); err != nil {
		t.Fatal(err)
	}
	proxy.Cut()
	isCut(t, client)
}

// A request whose answer is lost reaches the server. Only its connection is cut, and only once.
func TestLoseAnswer(t *testing.T) {
	t.Parallel()
	proxy, client := connected(t)
	other := dial(t, proxy)
	proxy.LoseAnswer("commit")
	says(t, client, "hello")
	if _, err := client.Write([]byte("commit;")); err != nil { // echo answers only what it got
		t.Fatal(err)
	}
	isCut(t, client)
	says(t, other, "commit;")
}

func TestNoServer(t *testing.T) {
	t.Parallel()
	isRefused(t, tcpproxy.Start(t, "127.0.0.1:1"))
}

// connected returns a proxy and a client of it that was answered.
func connected(t *testing.T) (*tcpproxy.Proxy, net.Conn) {
	t.Helper()
	proxy := tcpproxy.Start(t, echo(t))
	client := dial(t, proxy)
	says(t, client, "hello")
	return proxy, client
}

// echo starts a server that sends back what it gets.
func echo(t *testing.T) (address string) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				_, _ = io.Copy(client, client) // until it is closed or cut
				_ = client.Close()             // as above
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close() // the test ends
		running.Wait()
	})
	return listener.Addr().String()
}

func dial(t *testing.T, proxy *tcpproxy.Proxy) net.Conn {
	t.Helper()
	client, err := new(net.Dialer).DialContext(t.Context(), "tcp", proxy.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() }) // the test ends
	return client
}

// within bounds what is read from now on.
func within(t *testing.T, client net.Conn, patience time.Duration) {
	t.Helper()
	if err := client.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
}

func says(t *testing.T, client net.Conn, text string) {
	t.Helper()
	if _, err := client.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	hears(t, client, text)
}

func hears(t *testing.T, client net.Conn, want string) {
	t.Helper()
	within(t, client, time.Minute)
	heard := make([]byte, len(want))
	if _, err := io.ReadFull(client, heard); err != nil || string(heard) != want {
		t.Fatalf("%q, not %q: %v", heard, want, err)
	}
}

func isCut(t *testing.T, client net.Conn) {
	t.Helper()
	within(t, client, time.Minute)
	if n, err := client.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the connection is not cut: %d bytes, %v", n, err)
	}
}

// isRefused makes a connection, which may be reset before it is complete.
func isRefused(t *testing.T, proxy *tcpproxy.Proxy) {
	t.Helper()
	client, err := new(net.Dialer).DialContext(t.Context(), "tcp", proxy.Address())
	if err != nil {
		return
	}
	defer client.Close() //nolint:errcheck // it is cut
	isCut(t, client)
}
