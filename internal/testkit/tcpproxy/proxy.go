// Package tcpproxy is a TCP proxy on 127.0.0.1 for tests of a network that fails: it cuts
// connections, refuses them, or lets nothing pass.
package tcpproxy

import (
	"bytes"
	"context"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
)

// buffer is how many bytes pass at a time.
const buffer = 32 << 10

// Proxy passes connections on to a server.
type Proxy struct {
	server   string
	listener net.Listener
	running  sync.WaitGroup

	mu      sync.Mutex
	open    map[net.Conn]bool // both ends of all connections
	refuses bool
	loses   []byte        // a text of the request whose answer is lost; nil: none is
	passes  chan struct{} // closed while bytes pass
	isEnded bool
}

// Start starts a proxy in front of a server, such as 127.0.0.1:5432. It ends together with the
// test.
func Start(t testing.TB, server string) *Proxy {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{server: server, listener: listener, open: make(map[net.Conn]bool), passes: make(chan struct{})}
	close(p.passes)
	p.running.Go(p.accept)
	t.Cleanup(p.end)
	return p
}

// Before starts a proxy in front of the server of a URL. It returns the URL that leads through it, too.
func Before(t testing.TB, address string) (p *Proxy, through string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	p = Start(t, u.Host)
	u.Host = p.Address()
	return p, u.String()
}

// Address is where the proxy listens, such as 127.0.0.1:40000.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// Cut resets all connections. New ones pass.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for connection := range p.open {
		reset(connection)
	}
}

// Refuse resets all connections, and new ones as soon as they are made, until Recover.
func (p *Proxy) Refuse() {
	p.mu.Lock()
	p.refuses = true
	p.mu.Unlock()
	p.Cut()
}

// Stall lets no byte pass until Recover, as if packets got lost. Connections stay open, and new
// ones are made.
func (p *Proxy) Stall() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.passes:
		p.passes = make(chan struct{})
	default: // it stalls
	}
}

// Recover ends Refuse and Stall. Bytes that were sent since then pass.
func (p *Proxy) Recover() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuses = false
	select {
	case <-p.passes:
	default:
		close(p.passes)
	}
}

// LoseAnswer passes the next request that contains a text on to the server, and resets its
// connection when the server answers. So the client does not learn what became of the request.
func (p *Proxy) LoseAnswer(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.loses = []byte(text)
}

// isLost reports whether the client must not get the answer to a request.
func (p *Proxy) isLost(request []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.loses == nil || !bytes.Contains(request, p.loses) {
		return false
	}
	p.loses = nil
	return true
}

// Connections is how many connections clients have now.
func (p *Proxy) Connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.open) / 2
}

func (p *Proxy) end() {
	p.mu.Lock()
	p.isEnded = true
	p.mu.Unlock()
	_ = p.listener.Close() // it ends
	p.Cut()
	p.Recover()
	p.running.Wait()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // it was closed
		}
		p.running.Go(func() { p.serve(client) })
	}
}

// serve passes bytes in both directions until one of the connections ends.
func (p *Proxy) serve(client net.Conn) {
	server, err := new(net.Dialer).DialContext(context.Background(), "tcp", p.server)
	if err != nil {
		reset(client)
		return
	}
	if !p.add(client, server) {
		return
	}
	var both sync.WaitGroup
	var losesAnswer atomic.Bool
	both.Go(func() {
		p.pass(client, server, func(request []byte) bool {
			if p.isLost(request) {
				losesAnswer.Store(true)
			}
			return true
		})
	})
	both.Go(func() { p.pass(server, client, func([]byte) bool { return !losesAnswer.Load() }) })
	both.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, client)
	delete(p.open, server)
}

// add notes a connection, or resets it.
func (p *Proxy) add(client, server net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refuses || p.isEnded {
		reset(client)
		reset(server)
		return false
	}
	p.open[client], p.open[server] = true, true
	return true
}

// pass passes bytes on until an end closes the connection, and then closes the other end. It resets
// the connection in place of passing bytes that mayPass does not let pass.
func (p *Proxy) pass(from, to net.Conn, mayPass func([]byte) bool) {
	defer to.Close()   //nolint:errcheck // the other end has closed it
	defer from.Close() //nolint:errcheck // as above
	part := make([]byte, buffer)
	for {
		n, err := from.Read(part)
		p.mu.Lock()
		passes := p.passes
		p.mu.Unlock()
		<-passes // lost packets are sent again
		if !mayPass(part[:n]) {
			reset(to)
			return
		}
		if _, failed := to.Write(part[:n]); err != nil || failed != nil {
			return
		}
	}
}

// reset closes a connection by a reset, as the system of a program that has crashed does.
func reset(connection net.Conn) {
	if tcp, isTCP := connection.(*net.TCPConn); isTCP {
		_ = tcp.SetLinger(0) // it is closed in any case
	}
	_ = connection.Close() // nobody is told
}
