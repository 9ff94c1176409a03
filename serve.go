package cardea

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Time-outs of the HTTP server. They hold for what net/http reads and writes by itself,
// such as headers and a 431. Bodies and answers have deadlines by their size, set in
// internal/web.
const (
	readTimeout  = 10 * time.Second
	writeTimeout = 10 * time.Second
	idleTimeout  = 120 * time.Second
	// maxHeaderBytes makes requests with a header of more than 32 KiB, the first line
	// included, fail with 431: net/http adds 4 KiB.
	maxHeaderBytes = 28 << 10
	// shutdownTimeout is how long requests in flight may take to finish.
	shutdownTimeout = 15 * time.Second
	// newGrace is how long an unused connection may still send a request after the stop
	// began. [http.Server.Shutdown] would wait five seconds for these. Browsers open such
	// connections ahead.
	newGrace = 200 * time.Millisecond
)

// Serve answers HTTP on a listener and does the work of [Server.Run] until ctx ends. Then
// it stops accepting, lets requests in flight finish for up to 15 seconds, and returns nil
// when everything has stopped. It closes the listener.
//
// The number of TCP connections is limited by the open files that the process may have
// (RLIMIT_NOFILE) and by [Config.Memory], in total and for each network.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	limited := s.conns.Listen(listener)
	srv := &http.Server{
		Handler:        noteAnswers(s),
		ConnContext:    keepConn,
		ConnState:      noteState,
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
	go func() { failed <- srv.Serve(safeListener{limited, s.web.Refusal}) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		defer time.AfterFunc(newGrace, limited.CloseWaiting).Stop()
		return shutDown(context.WithoutCancel(ctx), srv)
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
