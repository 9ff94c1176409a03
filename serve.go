package cardea

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/cardea-accounts/cardea/internal/deadline"
)

// Time-outs of the HTTP server. How long a body and an answer may take is decided
// where they are read and written (internal/web/wire/pace.go), by their size; what
// net/http reads and writes by itself, such as headers and a 431, has these.
const (
	readTimeout    = 10 * time.Second
	writeTimeout   = 10 * time.Second
	idleTimeout    = 120 * time.Second
	maxHeaderBytes = 32 << 10
	// writeBuffer bounds what the kernel keeps for a client that does not take its
	// answers, in bytes; left alone, it grows to megabytes a connection.
	writeBuffer = 256 << 10
	// shutdownTimeout is how long requests in flight may take to finish.
	shutdownTimeout = 15 * time.Second
)

// Serve answers HTTP on a listener, and does the work of [Server.Run], until ctx
// ends. Then it stops accepting, lets requests in flight finish for up to 15
// seconds, and returns nil when all has stopped. The listener is closed.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	srv := &http.Server{
		Handler:        s,
		ReadTimeout:    readTimeout,
		ConnContext:    boundBuffer,
		WriteTimeout:   writeTimeout,
		IdleTimeout:    idleTimeout,
		MaxHeaderBytes: maxHeaderBytes,
		ErrorLog:       slog.NewLogLogger(s.cfg.Log.Handler(), slog.LevelWarn),
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	swept := make(chan struct{})
	go func() { defer close(swept); s.Run(background) }()
	defer func() { stop(); <-swept }()

	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(deadline.Listener(listener)) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return shutDown(context.WithoutCancel(ctx), srv)
	}
}

// boundBuffer is a hook for new connections.
func boundBuffer(ctx context.Context, conn net.Conn) context.Context {
	if tcp, ok := conn.(interface{ SetWriteBuffer(bytes int) error }); ok {
		_ = tcp.SetWriteBuffer(writeBuffer) // the connection is dead otherwise, which is found out soon
	}
	return ctx
}

func shutDown(ctx context.Context, srv *http.Server) error {
	ctx, cancel := context.WithTimeout(ctx, shutdownTimeout)
	defer cancel()
	err := srv.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return srv.Close() // those who took too long are cut off
	}
	return err
}
