package scenario

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// The subtests of this file run at once. They take the ten seconds of real time that the
// server gives slow clients.

// cutWithin is how soon the server must close the connection of a slow client: ten
// seconds, and two for a busy machine.
const cutWithin = 12 * time.Second

// watched is a server whose connections report when it has closed them.
type watched struct {
	*testkit.Server
	conns chan *watchedConn // those of dial, in their order
}

type watchedConn struct {
	*net.TCPConn // a TCP connection, into which the kernel can send files
	closed       chan struct{}
}

func (c *watchedConn) Close() error {
	err := c.TCPConn.Close()
	select {
	case <-c.closed:
	default:
		close(c.closed)
	}
	return err
}

type watchedListener struct {
	net.Listener
	conns chan *watchedConn
}

func (l watchedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &watchedConn{conn.(*net.TCPConn), make(chan struct{})}
	l.conns <- c
	return c, nil
}

// startWatched runs a server with the timeouts of Serve, which testkit.Start does not
// have.
func startWatched(t *testing.T) *watched {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	// t.Context ends before the cleanup of the parallel subtests, so it is not used here.
	w := &watched{testkit.Start(t), make(chan *watchedConn, 1000)}
	w.URL = "http://" + l.Addr().String()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	served := make(chan error, 1)
	go func() { served <- w.Serve(ctx, watchedListener{l, w.conns}) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return w
}

// dial opens a connection and returns both of its ends.
func (w *watched) dial(t *testing.T) (client net.Conn, server *watchedConn) {
	t.Helper()
	client = testkit.Dial(t, w.URL)
	for {
		select {
		case server = <-w.conns:
			if server.RemoteAddr().String() == client.LocalAddr().String() {
				return client, server
			}
			w.conns <- server
		case <-time.After(5 * time.Second):
			t.Fatal("the server does not take the connection")
		}
	}
}

// wantCut fails the test unless the server closes the connection in time.
func (c *watchedConn) wantCut(t *testing.T, since time.Time, within time.Duration) {
	t.Helper()
	select {
	case <-c.closed:
		t.Logf("cut after %v", time.Since(since).Round(time.Millisecond))
	case <-time.After(time.Until(since.Add(within))):
		t.Errorf("not cut within %v", within)
	}
}

// trickle calls do every second until it fails or the test ends.
func trickle(t *testing.T, do func() error) {
	go func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for do() == nil {
			select {
			case <-tick.C:
			case <-t.Context().Done():
				return
			}
		}
	}()
}

func sendByte(conn net.Conn) func() error {
	return func() error { _, err := conn.Write([]byte("x")); return err }
}

func TestSlowClients(t *testing.T) {
	testkit.Long(t)
	server := startWatched(t)
	ada := server.Register(t, "ada@example.com")
	picture := testkit.EncodePNG(testkit.Noise(1000, true))
	address := ada.Upload("noise.png", picture).PicturePath()
	t.Parallel() // not before: the upload wants the machine for itself
	form, formType := testkit.Form(t, "profile_pic", "a.png", picture)
	upload := fmt.Sprintf("POST /api/upload-picture HTTP/1.1\r\nHost: x\r\nCookie: session=%s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n",
		ada.Cookie, formType, len(form))

	together := &together{t: t}
	defer together.wait()
	for what, begin := range map[string]string{
		"nothing":        "",
		"headers":        "GET /api/user HTTP/1.1\r\nHost: x\r\nX-Slow: ",
		"more headers":   "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /api/user HTTP/1.1\r\nHost: x\r\nX-Slow: ",
		"request line":   "GET /",
		"JSON":           "POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{",
		"chunked JSON":   "POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n{",
		"upload":         upload + string(form[:200]),
		"most of upload": upload + string(form[:len(form)-2000]), // fast at first, which gains no time
		"refused upload": strings.Replace(upload, "session=", "session=x", 1) + string(form[:200]),
	} {
		together.run("sends "+what, func(t *testing.T) {
			client, conn := server.dial(t)
			begun := time.Now()
			if _, err := client.Write([]byte(begin)); err != nil {
				t.Fatal(err)
			}
			if what != "nothing" {
				trickle(t, sendByte(client))
			}
			conn.wantCut(t, begun, cutWithin)
			answer, _ := io.ReadAll(client)
			status, _, _ := strings.Cut(string(answer), "\r\n")
			want := map[string]string{"JSON": "408", "chunked JSON": "408", "upload": "408", "most of upload": "408", "refused upload": "401", "more headers": "200"}[what]
			if !strings.Contains(status, want) {
				t.Errorf("answered with %q, want %s", status, want)
			}
		})
	}
	get := func(path string) string {
		return strings.Repeat("GET "+path+" HTTP/1.1\r\nHost: x\r\nCookie: session="+ada.Cookie+"\r\n\r\n", 1000)
	}
	for what, request := range map[string]string{
		"sessions":    get("/api/sessions"),
		"the docs":    get("/docs"),
		"openapi":     get("/openapi.json"),
		"an avatar":   get("/users/" + ada.User().ID + "/avatar"),
		"readiness":   get("/readyz"),
		"a picture":   "GET " + address + " HTTP/1.1\r\nHost: x\r\n\r\n",
		"pipelined":   get("/api/user"),
		"many of 431": strings.Repeat("GET /api/user HTTP/1.1\r\nHost: x\r\n\r\n", 20_000) + "GET / HTTP/1.1\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n",
	} {
		together.run("reads "+what, func(t *testing.T) {
			client, conn := server.dial(t)
			if err := client.(*net.TCPConn).SetReadBuffer(4096); err != nil {
				t.Fatal(err)
			}
			trickle(t, func() error { _, err := client.Read(make([]byte, 1)); return err })
			begun := time.Now()
			go func() {
				for what != "a picture" {
					if _, err := client.Write([]byte(request)); err != nil {
						return
					}
				}
				_, _ = client.Write([]byte(request))
			}()
			conn.wantCut(t, begun, 2*cutWithin) // first the buffers have to fill, which takes a busy machine seconds
		})
	}
	together.run("a slow line is served", func(t *testing.T) {
		client, _ := server.dial(t)
		if err := client.(*net.TCPConn).SetReadBuffer(16 << 10); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		_, _ = io.WriteString(client, "GET "+address+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		n, err := io.Copy(io.Discard, &slowLine{client})
		if n < int64(len(picture))/2 || err != nil {
			t.Errorf("%d bytes, then %v", n, err)
		}
		t.Logf("%d KiB in %v", n>>10, time.Since(begun).Round(time.Millisecond))
	})
	// Meanwhile other clients are served.
	together.run("others", func(t *testing.T) {
		bob, slowest := server.Register(t, "bob@example.com"), time.Duration(0)
		small := testkit.PNG(20, 20)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for range 80 {
			begun := time.Now()
			bob.Login("bob@example.com")
			bob.Upload("b.png", small).Want(200)
			ada.With(t).Get("/api/user").Want(200)
			slowest = max(slowest, time.Since(begun))
			<-tick.C
		}
		if slowest > 2*time.Second {
			t.Errorf("a login, an upload and a read took %v together", slowest)
		}
		t.Logf("80 logins, uploads and reads meanwhile; the slowest three took %v together", slowest)
	})
}

// together runs all subtests at once. They only wait, so t.Parallel would run too few.
type together struct {
	t  *testing.T
	wg sync.WaitGroup
}

func (g *together) run(name string, test func(*testing.T)) {
	g.wg.Go(func() { g.t.Run(name, test) })
}

func (g *together) wait() { g.wg.Wait() }

// slowLine reads 240 KiB a second.
type slowLine struct{ r io.Reader }

func (s *slowLine) Read(p []byte) (int, error) {
	n, err := s.r.Read(p[:min(len(p), 24<<10)])
	<-time.After(time.Duration(n) * time.Second / (240 << 10))
	return n, err
}
