package conns

import (
	"io"
	"net"
	"net/netip"
	"sync/atomic"
)

// Listener accepts connections within a [Limit].
type Listener struct {
	net.Listener
	limit    *Limit
	stopping atomic.Bool
}

// Listen returns a listener that accepts what the other one does, within the limit. Only
// TCP counts: connections of other kinds, such as Unix sockets, come from this machine.
func (l *Limit) Listen(listener net.Listener) *Listener {
	return &Listener{Listener: listener, limit: l}
}

// Accept implements [net.Listener].
func (l *Listener) Accept() (net.Conn, error) {
	for {
		accepted, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		tcp, isTCP := accepted.(stream)
		addr, hasAddr := accepted.RemoteAddr().(*net.TCPAddr)
		if !isTCP || !hasAddr {
			return accepted, nil
		}
		c := &conn{stream: tcp, listener: l, networks: networksOf(addr), isProxy: l.limit.isProxy(addr.AddrPort().Addr())}
		if l.limit.admit(c) {
			if l.stopping.Load() { // accepted just before the listener was closed
				_ = c.Close()
			}
			return c, nil
		}
		_ = tcp.Close()
	}
}

// CloseWaiting closes the connections that wait, now and whenever a new one comes. It is
// for the time after the listener was closed.
func (l *Listener) CloseWaiting() {
	l.stopping.Store(true)
	var waiting []*conn
	l.limit.mu.Lock()
	for c := range l.limit.open[everyone] {
		if c.listener == l && c.since.Load() > 0 {
			waiting = append(waiting, c)
		}
	}
	l.limit.mu.Unlock()
	for _, c := range waiting {
		_ = c.Close()
	}
}

// SetWaiting notes whether a connection waits for a request. Connections of other
// listeners are ignored.
func SetWaiting(connection net.Conn, waits bool) {
	c, ok := connection.(*conn)
	switch {
	case !ok:
	case waits:
		c.since.Store(c.listener.limit.accepted.Load())
	default:
		c.since.Store(-c.listener.limit.accepted.Load())
	}
}

// stream is a [net.TCPConn], into which the kernel can send files.
type stream interface {
	net.Conn
	io.ReaderFrom
	CloseWrite() error
	SetWriteBuffer(bytes int) error
}

// conn is a connection that counts until it is closed.
type conn struct {
	stream
	listener *Listener
	networks []netip.Prefix // the narrowest first, everyone last
	isProxy  bool
	since    atomic.Int64 // Limit.accepted when it began to wait or, negative, to be answered
}

// own are the networks without everyone.
func (c *conn) own() []netip.Prefix { return c.networks[:len(c.networks)-1] }

// Close implements [net.Conn].
func (c *conn) Close() error {
	err := c.stream.Close()
	l := c.listener.limit
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop(c)
	return err
}

// isProxy reports whether connections of many users may come from an address.
func (l *Limit) isProxy(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if ip == netip.IPv6Loopback() || ip == netip.AddrFrom4([4]byte{127, 0, 0, 1}) {
		return true
	}
	for _, proxies := range l.opt.Proxies {
		if proxies.Contains(ip) {
			return true
		}
	}
	return false
}
