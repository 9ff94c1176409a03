package cardea

import (
	"bytes"
	"net"
	"net/http"
)

// Requests that net/http refuses itself, with 400, 417, 431, 501 or 505, reach no handler.
// It writes these answers straight to the connection, in one write each, so the connection
// adds the safety headers.

// safeListener is a listener of safeConns.
type safeListener struct{ net.Listener }

func (l safeListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if tcp, ok := conn.(*net.TCPConn); ok {
		return &safeConn{tcp}, err
	}
	return conn, err
}

// safeConn is a connection that can still send files by the kernel.
type safeConn struct{ *net.TCPConn }

// refusalHeaders end the header of an answer that net/http writes itself (errorHeaders in
// net/http/server.go). The answers of handlers have other headers before these.
var (
	refusalHeaders = []byte("\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n")
	safeHeaders    = func() []byte {
		var b bytes.Buffer
		b.WriteString("\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n")
		_ = http.Header{ // a buffer takes everything
			"Cache-Control":                {"no-store"},
			"Content-Security-Policy":      {"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
			"Cross-Origin-Resource-Policy": {"same-origin"},
			"Referrer-Policy":              {"no-referrer"},
			"X-Content-Type-Options":       {"nosniff"},
		}.Write(&b)
		b.WriteString("\r\n")
		return b.Bytes()
	}()
)

// Write implements [net.Conn].
func (c *safeConn) Write(b []byte) (int, error) {
	if !bytes.HasPrefix(b, []byte("HTTP/1.1 4")) && !bytes.HasPrefix(b, []byte("HTTP/1.1 5")) {
		return c.TCPConn.Write(b)
	}
	status, body, found := bytes.Cut(b, refusalHeaders)
	if !found || bytes.IndexByte(status, '\n') >= 0 {
		return c.TCPConn.Write(b)
	}
	if _, err := c.TCPConn.Write(bytes.Join([][]byte{status, body}, safeHeaders)); err != nil {
		return 0, err
	}
	return len(b), nil
}
