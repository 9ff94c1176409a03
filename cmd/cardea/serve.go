package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"path/filepath"
	"time"

	"github.com/cardea-accounts/cardea"
)

func (p program) serve(ctx context.Context, args []string) int {
	if wantsHelp(args) {
		printSettings(p.stdout)
		return exitOK
	}
	o, err := readSettings(args, p.environ)
	if errors.Is(err, flag.ErrHelp) {
		printSettings(p.stdout)
		return exitOK
	}
	if err != nil {
		return p.misused(err.Error() + " (see cardea serve --help)")
	}
	o.Log = newLog(p.stderr, o.logFormat)
	for _, name := range unknownVariables(p.environ) {
		o.Log.WarnContext(ctx, "unknown setting in the environment, ignored; see cardea serve --help", "name", name)
	}
	for _, warning := range o.Warnings() {
		o.Log.WarnContext(ctx, "unwise setting", "what", warning)
	}
	if err := p.answer(ctx, o); err != nil {
		return p.failed(err)
	}
	return exitOK
}

// answer serves until ctx ends. The port is taken before the data folder is
// touched, so that a second start by mistake changes nothing.
func (p program) answer(ctx context.Context, o options) (err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", o.listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w; choose another address with --listen", o.listen, err)
	}
	defer listener.Close() //nolint:errcheck // Serve closes it; this is for the paths that do not get there
	fresh := isFresh(o.Data)
	server, err := cardea.New(o.Config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	stopOps, err := serveOps(ctx, o.opsListen)
	if err != nil {
		return err
	}
	defer stopOps()
	p.greet(listener.Addr(), o, fresh)
	return server.Serve(ctx, listener)
}

func isFresh(data string) bool {
	_, err := os.Stat(data)
	return errors.Is(err, os.ErrNotExist)
}

// greet tells where things are and, at the first start, what to try next.
func (p program) greet(addr net.Addr, o options, fresh bool) {
	data, err := filepath.Abs(o.Data)
	if err != nil {
		data = o.Data
	}
	fmt.Fprintf(p.stdout, "Cardea %s listens on http://%s and keeps its data in %s\n", version, addr, data)
	if !fresh {
		return
	}
	fmt.Fprintf(p.stdout, `
The data folder is new. Make the first account:

  curl -i -X POST http://%s/api/register \
    -H 'Content-Type: application/json' \
    -d '{"name":"aruncs","email":"test@gmail.com","password":"simplepass"}'

`, addr)
}

func newLog(w *os.File, format string) *slog.Logger {
	if format == "text" || format == "auto" && isTerminal(w) {
		return slog.New(slog.NewTextHandler(w, nil))
	}
	return slog.New(slog.NewJSONHandler(w, nil))
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// serveOps answers operators on a listener of its own, if an address is set.
func serveOps(ctx context.Context, address string) (stop func(), err error) {
	if address == "" {
		return func() {}, nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s for operators: %w", address, err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(listener) }()
	return func() { _ = srv.Close(); <-done }, nil
}
