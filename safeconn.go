package cardea

import (
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"

	"github.com/cardea-accounts/cardea/internal/conns"
)

// net/http refuses some requests by itself, with 400, 417, 431, 501 or 505. It writes these
// answers straight to the connection: no handler can give them headers. A safeConn replaces
// them.

// safeListener is a listener of safeConns, or of conns of another kind such as TLS.
type safeListener struct {
	net.Listener
	refusal func(status int) []byte
}

func (l safeListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if tcp, ok := conn.(tcpConn); ok {
		return &safeConn{tcpConn: tcp, refusal: l.refusal}, err
	}
	return conn, err
}

// tcpConn is what net/http and Serve use of a [net.TCPConn].
type tcpConn interface {
	net.Conn
	io.ReaderFrom // sends files by the kernel
	CloseWrite() error
	SetWriteBuffer(bytes int) error
}

// safeConn replaces the answers of net/http.
type safeConn struct {
	tcpConn
	refusal   func(status int) []byte
	answering atomic.Bool // from the begin of a handler until its answer is written
}

// Write implements [net.Conn]. While no handler answers, net/http writes nothing but
// refusals, one in each call.
func (c *safeConn) Write(b []byte) (int, error) {
	const before = len("HTTP/1.1 ")
	if c.answering.Load() || len(b) < before+3 {
		return c.tcpConn.Write(b)
	}
	status, err := strconv.Atoi(string(b[before : before+3]))
	if err != nil || status < http.StatusBadRequest {
		return c.tcpConn.Write(b)
	}
	if _, err := c.tcpConn.Write(c.refusal(status)); err != nil {
		return 0, err
	}
	return len(b), nil
}

// safeConnKey is the key of a connection in the context of its requests.
type safeConnKey struct{}

// keepConn is a [http.Server.ConnContext].
func keepConn(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, safeConnKey{}, conn)
}

// noteAnswers tells a request's connection that a handler answers.
func noteAnswers(handler http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if conn, ok := r.Context().Value(safeConnKey{}).(*safeConn); ok {
			conn.answering.Store(true)
		}
		handler.ServeHTTP(w, r)
	}
}

// noteState tells a connection that the answer is written, and whether it waits for a
// request. It is a [http.Server.ConnState], and runs twice a request.
func noteState(conn net.Conn, state http.ConnState) {
	safe, ok := conn.(*safeConn)
	if !ok {
		return
	}
	if state == http.StateIdle {
		safe.answering.Store(false)
	}
	conns.SetWaiting(safe.tcpConn, state == http.StateNew || state == http.StateIdle)
}
