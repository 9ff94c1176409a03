package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea/internal/conns"
	"github.com/cardea-accounts/cardea/internal/rarely"
	"github.com/cardea-accounts/cardea/internal/settings"
)

// opsConnections is how many connections operators may have.
const opsConnections = 32

// opsListener answers operators.
type opsListener struct {
	http     *http.Server
	listener net.Listener
	done     chan struct{}
}

// serveOps answers operators on a listener of its own. It returns nil if there is no
// address. With a token, every request must carry it.
func serveOps(ctx context.Context, address, token string, metrics http.Handler, log *slog.Logger) (*opsListener, error) {
	if address == "" {
		return nil, nil //nolint:nilnil // no listener is a valid setting
	}
	listener, err := listen(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w; choose another address with --ops-listen", address, err)
	}
	limit := conns.New(conns.Options{Most: opsConnections, Now: time.Now, Log: log})
	ops := &opsListener{listener: limit.Listen(listener), done: make(chan struct{})}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics)
	var handler http.Handler = mux
	if ops.isLocal() {
		mux.HandleFunc("GET /debug/pprof/", patient(pprof.Index))
		mux.HandleFunc("GET /debug/pprof/profile", patient(pprof.Profile))
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", patient(pprof.Trace))
		handler = requireLocalHost(handler)
	}
	if token != "" {
		handler = requireToken(token, handler, log)
	}
	ops.http = &http.Server{
		Handler:        withSafetyHeaders(handler),
		ReadTimeout:    10 * time.Second,
		WriteTimeout:   10 * time.Second, // package pprof adds what a profile takes
		MaxHeaderBytes: 32 << 10,
		ConnState: func(conn net.Conn, state http.ConnState) {
			conns.SetWaiting(conn, state == http.StateNew || state == http.StateIdle)
		},
	}
	go func() { defer close(ops.done); _ = ops.http.Serve(ops.listener) }()
	return ops, nil
}

// patient lifts the deadline for reading the request: at that time, net/http would take the
// client for gone and cut a profile short.
func patient(profile http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // at worst, it is cut short
		profile(w, r)
	}
}

// isLocal reports whether only this machine can connect.
func (o *opsListener) isLocal() bool { return isLoopback(o.listener.Addr().String()) }

// greeting is a line with the addresses of the operators' listener.
func (o *opsListener) greeting() string {
	if !o.isLocal() {
		return fmt.Sprintf("Operators: http://%s/metrics", o.listener.Addr())
	}
	return fmt.Sprintf("Operators: http://%[1]s/metrics and http://%[1]s/debug/pprof/", o.listener.Addr())
}

// stop closes the listener and its connections.
func (o *opsListener) stop() {
	if o == nil {
		return
	}
	_ = o.http.Close() // nothing is lost
	<-o.done
}

// withSafetyHeaders protects browsers on the machine of an operator.
func withSafetyHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// requireLocalHost answers requests to names of this machine only. Otherwise a web page
// that is open here could point its own name to 127.0.0.1 and read the answers (DNS
// rebinding).
func requireLocalHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopback(r.Host) {
			http.Error(w, "This listener answers to localhost, 127.0.0.1 and [::1] only.", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// requireToken answers requests that carry the token (RFC 6750, section 2.1). The hashes
// have one length, so the comparison takes the same time for every guess. Wrong tokens are
// logged, once a minute.
func requireToken(token string, next http.Handler, log *slog.Logger) http.Handler {
	want := sha256.Sum256([]byte(token))
	refused := rarely.NewGate[struct{}](time.Minute, 1)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		got := sha256.Sum256([]byte(strings.TrimSpace(value)))
		if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			if refused.Pass(struct{}{}, time.Now()) {
				log.WarnContext(r.Context(), "operators' token refused", "peer", r.RemoteAddr)
			}
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "Send the token of operators in the header Authorization: Bearer TOKEN", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// shortestToken is the length of the shortest token, in characters.
const shortestToken = 16

// readToken reads the token of operators from a file. Without a file there is no token.
func readToken(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	text, err := os.ReadFile(file) //nolint:gosec // the operator names the file
	if err != nil {
		return "", settings.NewError("ops-token-file", file, fmt.Sprintf("a file that can be read (%v)", err))
	}
	token := strings.TrimSpace(strings.TrimPrefix(string(text), byteOrderMark))
	isOther := func(r rune) bool { return r <= ' ' || r > '~' }
	if len(token) < shortestToken || strings.ContainsFunc(token, isOther) {
		return "", settings.NewError("ops-token-file", file,
			fmt.Sprintf("a file with one token of at least %d letters, digits and signs, such as openssl rand -hex 32 prints", shortestToken))
	}
	return token, nil
}
