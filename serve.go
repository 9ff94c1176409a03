package cardea

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Time-outs of the HTTP server. They hold for what net/http reads and writes by itself,
// such as headers and a 431. Bodies and answers have deadlines by their size, set in
// internal/web.
const (
	readTimeout    = 10 * time.Second
	writeTimeout   = 10 * time.Second
	idleTimeout    = 120 * time.Second
	maxHeaderBytes = 32 << 10
	// writeBuffer bounds what the kernel keeps for a client that does not read its
	// answers, in bytes. By default it grows to megabytes a connection.
	writeBuffer = 256 << 10
	// shutdownTimeout is how long requests in flight may take to finish.
	shutdownTimeout = 15 * time.Second
	// newGrace is how long an unused connection may still send a request after the stop began.
	newGrace = 200 * time.Millisecond
)

// Serve answers HTTP on a listener and does the work of [Server.Run] until ctx ends. Then
// it stops accepting, lets requests in flight finish for up to 15 seconds, and returns nil
// when everything has stopped. It closes the listener.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	var unused unusedConns
	srv := &http.Server{
		Handler: noteAnswers(s),
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			limitBuffer(conn)
			return keepConn(ctx, conn)
		},
		ConnState: func(conn net.Conn, state http.ConnState) {
			unused.track(conn, state)
			noteIdle(conn, state)
		},
		ReadTimeout:    readTimeout,
		WriteTimeout:   writeTimeout,
		IdleTimeout:    idleTimeout,
		MaxHeaderBytes: maxHeaderBytes,
		// OPTIONS * goes to the handler, which sets the safety headers.
		DisableGeneralOptionsHandler: true,

		ErrorLog: slog.NewLogLogger(s.cfg.Log.Handler(), slog.LevelWarn),
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	stopped := make(chan struct{})
	go func() { defer close(stopped); s.Run(background) }()
	defer func() { stop(); <-stopped }()

	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(safeListener{listener, s.web.Refusal}) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		defer time.AfterFunc(newGrace, unused.close).Stop()
		return shutDown(context.WithoutCancel(ctx), srv)
	}
}

// limitBuffer bounds the send buffer of a new connection.
func limitBuffer(conn net.Conn) {
	if tcp, ok := conn.(interface{ SetWriteBuffer(bytes int) error }); ok {
		_ = tcp.SetWriteBuffer(writeBuffer) // it fails on a dead connection, which the next read reports
	}
}

func shutDown(ctx context.Context, srv *http.Server) error {
	ctx, cancel := context.WithTimeout(ctx, shutdownTimeout)
	defer cancel()
	err := srv.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return srv.Close() // cuts off the requests that took too long
	}
	return err
}

// unusedConns are the connections that have not sent anything yet. [http.Server.Shutdown]
// closes idle connections at once, but waits five seconds for these. Browsers open such
// connections ahead. There are never many: each is closed after readTimeout.
type unusedConns struct {
	conns   sync.Map // of net.Conn; track runs twice a request, so it takes no lock
	closing atomic.Bool
}

// track adds new connections and removes used ones. It is a [http.Server.ConnState].
func (u *unusedConns) track(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateIdle: // it was used before
	case http.StateNew:
		u.conns.Store(conn, nil)
		if u.closing.Load() { // accepted just before the listener was closed
			_ = conn.Close()
		}
	default:
		u.conns.Delete(conn)
	}
}

// close closes the unused connections, now and whenever a new one comes.
func (u *unusedConns) close() {
	u.closing.Store(true)
	u.conns.Range(func(conn, _ any) bool {
		_ = conn.(net.Conn).Close() // its client sees the end of the connection
		return true
	})
}
