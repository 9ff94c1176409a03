// Package deadline makes the deadlines of connections cheap to move.
//
// An HTTP server moves a connection's deadlines about five times a request, each
// time to some seconds from now, and each time a timer of the runtime is taken
// out and put in elsewhere. Here a later deadline is only noted. The timer stays
// where it is; when it goes off too early, it is set to what was noted, and what
// was going on goes on. So a busy connection sets its timer when an earlier one
// has gone off, once in some seconds.
package deadline

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// Listener returns a listener whose TCP connections have deadlines that are cheap
// to move. Other connections come as they are.
func Listener(l net.Listener) net.Listener { return listener{l} }

type listener struct{ net.Listener }

// Accept implements [net.Listener].
func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if tcp, ok := c.(tcpConn); ok && err == nil {
		return &conn{tcpConn: tcp}, nil
	}
	return c, err
}

// tcpConn is what net/http and Cardea use of a [net.TCPConn].
type tcpConn interface {
	net.Conn
	io.ReaderFrom // files go to the network without passing through memory
	CloseWrite() error
	SetWriteBuffer(bytes int) error
}

// conn is a connection that notes deadlines and sets few of them.
type conn struct {
	tcpConn
	read, write deadline
}

// deadline is what one direction of a connection was told, and what its timer is set to.
type deadline struct {
	mu          sync.Mutex
	wanted      time.Time // zero: none
	set         time.Time // zero: no timer; never later than wanted, if both are there
	interrupted bool      // the timer has gone off by order, set is what it was before
}

// past is the latest time that means "now" as a deadline: net/http interrupts
// reads with a time of long ago. It saves asking the clock.
var past = time.Unix(1, 0)

// want notes a deadline, and sets the timer where it is later than that.
func (d *deadline) want(t time.Time, set func(time.Time) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wanted = t
	switch {
	case !t.IsZero() && !t.After(past):
		d.interrupted = true
		return set(t)
	case !t.IsZero() && (d.set.IsZero() || t.Before(d.set)):
		d.set = t
	case !d.interrupted:
		return nil
	}
	d.interrupted = false
	return set(d.set)
}

// goOn tells whether a time-out came before the deadline; then the timer is set anew.
func (d *deadline) goOn(err error, set func(time.Time) error) bool {
	if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.interrupted || !d.wanted.IsZero() && !time.Now().Before(d.wanted) {
		return false
	}
	d.set = d.wanted
	return set(d.set) == nil
}

// settle sets the timer to the deadline itself.
func (d *deadline) settle(set func(time.Time) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.set = d.wanted
	return set(d.set)
}

// SetReadDeadline implements [net.Conn].
func (c *conn) SetReadDeadline(t time.Time) error { return c.read.want(t, c.tcpConn.SetReadDeadline) }

// SetWriteDeadline implements [net.Conn].
func (c *conn) SetWriteDeadline(t time.Time) error {
	return c.write.want(t, c.tcpConn.SetWriteDeadline)
}

// SetDeadline implements [net.Conn].
func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// Read implements [net.Conn].
func (c *conn) Read(p []byte) (int, error) {
	for {
		n, err := c.tcpConn.Read(p)
		if n > 0 || !c.read.goOn(err, c.tcpConn.SetReadDeadline) {
			return n, err
		}
	}
}

// Write implements [net.Conn].
func (c *conn) Write(p []byte) (n int, err error) {
	for {
		wrote, err := c.tcpConn.Write(p[n:])
		if n += wrote; !c.write.goOn(err, c.tcpConn.SetWriteDeadline) {
			return n, err
		}
	}
}

// ReadFrom implements [io.ReaderFrom]. What it has taken from src when a timer goes
// off may be lost, so the timer must not go off early.
func (c *conn) ReadFrom(src io.Reader) (int64, error) {
	if err := c.write.settle(c.tcpConn.SetWriteDeadline); err != nil {
		return 0, err
	}
	return c.tcpConn.ReadFrom(src)
}
