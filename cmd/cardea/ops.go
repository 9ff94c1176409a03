package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"strings"
	"time"
)

// serveOps answers operators on a listener of its own, if an address is set.
func serveOps(ctx context.Context, address string, metrics http.Handler) (addr net.Addr, stop func(), err error) {
	if address == "" {
		return nil, func() {}, nil
	}
	listener, err := listen(ctx, address)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot listen on %s: %w; choose another address with --ops-listen", address, err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	srv := &http.Server{Handler: onlyHere(mux), ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(listener) }()
	return listener.Addr(), func() { _ = srv.Close(); <-done }, nil
}

// onlyHere answers requests to names of this machine only. A page that somebody reads
// here could otherwise ask under a name of its own that it has moved to 127.0.0.1
// (DNS rebinding), and read the answer.
func onlyHere(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopback(r.Host) {
			http.Error(w, "This listener answers to localhost, 127.0.0.1 and [::1] only.", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isLoopback tells whether a Host header, with or without a port, names this machine.
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.EqualFold(host, "localhost") || net.ParseIP(host).IsLoopback()
}
