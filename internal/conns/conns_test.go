package conns

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// client is the server's end of a connection, from any address.
type client struct {
	net.Conn
	from     string
	isClosed bool
}

func (c *client) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(c.from), 40000))
}
func (c *client) ReadFrom(io.Reader) (int64, error) { return 0, nil }
func (c *client) CloseWrite() error                 { return nil }
func (c *client) SetWriteBuffer(int) error          { return nil }
func (c *client) Close() error                      { c.isClosed = true; return nil }

// queue is a listener whose clients connect one after another.
type queue struct {
	net.Listener
	clients []*client
}

func (q *queue) Accept() (net.Conn, error) {
	if len(q.clients) == 0 {
		return nil, net.ErrClosed
	}
	c := q.clients[0]
	q.clients = q.clients[1:]
	return c, nil
}

// house is a limit of 160 connections: 20 for an IPv4 address, and 20 kept for few.
type house struct {
	*testing.T
	limit    *Limit
	queue    *queue
	listener *Listener
	log      bytes.Buffer
	now      time.Time
}

func newHouse(t *testing.T) *house {
	h := &house{T: t, queue: &queue{}, now: time.Date(2026, 11, 22, 15, 4, 5, 0, time.UTC)}
	h.limit = New(Options{
		Most: 160, Proxies: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")},
		Now: func() time.Time { return h.now }, Log: slog.New(slog.NewTextHandler(&h.log, nil)),
	})
	h.listener = h.limit.Listen(h.queue)
	return h
}

// connect returns a new connection; nil: it was refused.
func (h *house) connect(from string) (net.Conn, *client) {
	c := &client{from: from}
	h.queue.clients = append(h.queue.clients, c)
	accepted, err := h.listener.Accept()
	if err != nil {
		if !c.isClosed {
			h.Errorf("%s was refused, but not closed", from)
		}
		return nil, c
	}
	return accepted, c
}

// busy opens connections that are answering a request, and returns how many were accepted.
func (h *house) busy(n int, from func(i int) string) (accepted int) {
	for i := range n {
		if c, _ := h.connect(from(i)); c != nil {
			SetWaiting(c, false)
			accepted++
		}
	}
	return accepted
}

// Networks have an eighth of all connections each; IPv6 networks twice as much with each
// step from /64 to /48. Proxies and this machine may have all but the reserve.
func TestEachNetworkHasAPart(t *testing.T) {
	for what, c := range map[string]struct {
		from func(i int) string
		want int
	}{
		"IPv4":        {func(int) string { return "192.0.2.1" }, 20},
		"IPv4 mapped": {func(int) string { return "::ffff:192.0.2.1" }, 20},
		"6to4":        {func(i int) string { return fmt.Sprintf("2002:c000:201:%x::1", i) }, 20},
		"/64":         {func(i int) string { return fmt.Sprintf("2001:db8:1:1::%x", i+1) }, 20},
		"/56":         {func(i int) string { return fmt.Sprintf("2001:db8:1:1%02x::1", i) }, 40},
		"/48":         {func(i int) string { return fmt.Sprintf("2001:db8:1:%x00::1", i) }, 80},
		"many":        {func(i int) string { return fmt.Sprintf("2001:db8:%x::1", i) }, 160},
		"a proxy":     {func(int) string { return "198.51.100.7" }, 140},
		"loopback":    {func(int) string { return "127.0.0.1" }, 140},
	} {
		h := newHouse(t)
		if got := h.busy(200, c.from); got != c.want {
			t.Errorf("%s: %d connections, want %d", what, got, c.want)
		}
		f := h.limit.Figures()
		if f.Open != c.want || f.RefusedNetwork+f.RefusedTotal != int64(200-c.want) || f.Closed != 0 {
			t.Errorf("%s: %+v", what, f)
		}
	}
}

// A network that has its part gives up its own oldest waiting connection, nobody else's.
func TestOneNetworkMakesRoomForItself(t *testing.T) {
	h := newHouse(t)
	_, neighbour := h.connect("192.0.2.2")
	var all []*client
	for range 30 {
		conn, c := h.connect("192.0.2.1")
		if conn == nil {
			t.Fatal("refused although others wait")
		}
		all = append(all, c)
	}
	for i, c := range all {
		if c.isClosed != (i < 10) {
			t.Errorf("connection %d: closed %v", i, c.isClosed)
		}
	}
	if neighbour.isClosed {
		t.Error("another network's connection was closed")
	}
	if n := strings.Count(h.log.String(), "\n"); n != 1 {
		t.Errorf("%d lines in the log in the same minute:\n%s", n, &h.log)
	}
}

// Whoever comes is served as long as any connection waits, and the connections of networks
// that have few stay open, however old they are.
func TestCrowdMakesRoomForOthers(t *testing.T) {
	h := newHouse(t)
	_, old := h.connect("192.0.2.99")
	_, proxied := h.connect("198.51.100.7")
	for i := range 1000 {
		h.connect(fmt.Sprintf("192.0.2.%d", i%9))
		if i%10 == 0 {
			if conn, _ := h.connect(fmt.Sprintf("203.0.113.%d", i/10)); conn == nil {
				t.Fatalf("newcomer %d was refused", i/10)
			} else {
				_ = conn.Close()
			}
		}
	}
	if old.isClosed || proxied.isClosed {
		t.Errorf("closed: the lone old one %v, the proxy's %v", old.isClosed, proxied.isClosed)
	}
	if f := h.limit.Figures(); f.Open > 160 || f.Closed == 0 || f.RefusedTotal+f.RefusedNetwork != 0 {
		t.Errorf("%+v", f)
	}
}

// If all connections are in use, the last ones are for networks with few.
func TestReserve(t *testing.T) {
	h := newHouse(t)
	h.busy(200, func(i int) string { return fmt.Sprintf("192.0.2.%d", i%10) })
	if f := h.limit.Figures(); f.Open != 140 || f.Closed != 0 {
		t.Errorf("ten addresses: %+v", f)
	}
	if got := h.busy(20, func(i int) string { return fmt.Sprintf("203.0.113.%d", i) }); got != 20 {
		t.Errorf("newcomers got %d connections", got)
	}
	if f := h.limit.Figures(); f.Open != 160 || f.Closed != 0 {
		t.Errorf("with newcomers: %+v", f)
	}
}

// Many networks with several requests each cannot keep out one that has none. It takes the
// place of their oldest request, until it has as many as they have.
func TestCrowdOfRequests(t *testing.T) {
	h := newHouse(t)
	_, lone := h.connect("192.0.2.250")
	conn, proxied := h.connect("198.51.100.7")
	SetWaiting(conn, false)
	h.busy(300, func(i int) string { return fmt.Sprintf("192.0.2.%d", i%40) })
	if f := h.limit.Figures(); f.Open != 160 {
		t.Fatalf("%+v", f)
	}
	if got := h.busy(100, func(int) string { return "203.0.113.1" }); got < 3 || got > few {
		t.Errorf("a newcomer got %d connections", got)
	}
	if got := h.busy(35, func(i int) string { return fmt.Sprintf("203.0.113.%d", 10+i) }); got != 35 {
		t.Errorf("others got %d connections", got)
	}
	if !lone.isClosed || proxied.isClosed {
		t.Errorf("closed: the one that waited %v, the proxy's %v", lone.isClosed, proxied.isClosed)
	}
	if f := h.limit.Figures(); f.Open > 160 {
		t.Errorf("%+v", f)
	}
}

// A crowd that connects again and again does not close a connection whose request is on its
// way.
func TestCrowdSparesTheYoung(t *testing.T) {
	h := newHouse(t)
	crowd := func(i int) string { return fmt.Sprintf("192.0.2.%d", i%40) }
	h.busy(300, crowd)
	_, young := h.connect("203.0.113.1")
	h.busy(10, crowd)
	if young.isClosed {
		t.Error("closed before it could send a request")
	}
	for range 40 {
		h.now = h.now.Add(retryAfter)
		h.busy(1, crowd)
	}
	if !young.isClosed {
		t.Error("spared although it sends nothing")
	}
}

// Nothing is kept about connections that are closed, twice or not.
func TestNothingIsKept(t *testing.T) {
	h := newHouse(t)
	for i := range 500 {
		if conn, _ := h.connect(fmt.Sprintf("2001:db8:%x::1", i)); conn != nil && i%3 == 0 {
			_, _ = conn.Close(), conn.Close()
		}
	}
	h.listener.CloseWaiting()
	if _, late := h.connect("192.0.2.1"); !late.isClosed {
		t.Error("a connection is open after the stop")
	}
	if len(h.limit.open) != 0 {
		t.Errorf("kept %d networks", len(h.limit.open))
	}
}

func TestMost(t *testing.T) {
	for _, c := range []struct {
		files  uint64
		memory int64
		want   int
	}{
		{0, 0, 10_000},
		{1 << 20, 0, 10_000},
		{20_000, 0, 9_962},
		{1024, 0, 474},
		{64, 0, 16},
		{1, 0, 1},
		{1 << 20, 128 << 20, 256},
		{1024, 8 << 30, 474},
	} {
		if got := most(c.files, c.memory, 2); got != c.want {
			t.Errorf("%d files, %d bytes: %d, want %d", c.files, c.memory, got, c.want)
		}
	}
}
