package wire

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// slow is when even a request that only reads is logged.
const slow = time.Second

// log writes one line about a request that may have changed something, failed by
// our fault, carried an invalid session or was slow. With LogAll, it does so for
// every request. The line names the route's pattern; the path is the client's choice.
func (r *Request) log(took time.Duration) {
	level := slog.LevelInfo
	switch {
	case errors.Is(r.err, context.Canceled): // the client went away
	case r.status == http.StatusServiceUnavailable:
		level = slog.LevelWarn
	case r.status >= http.StatusInternalServerError:
		level = slog.LevelError
	case took >= slow:
		level = slog.LevelWarn
	case r.status == http.StatusUnauthorized && r.carriesToken(): // expired, or made up
	case isSafeMethod(r.HTTP.Method) && !r.wire.opt.LogAll:
		return
	}
	attrs := []slog.Attr{
		slog.String("request", r.ID()),
		slog.String("method", knownMethod(r.HTTP.Method)),
		slog.String("route", routeOf(r.HTTP)),
		slog.Int("status", r.status),
		slog.Float64("took_ms", float64(took.Microseconds())/1000),
		slog.String("ip", r.IP().String()),
	}
	if id := r.Session.User.ID; id != "" {
		attrs = append(attrs, slog.String("user", id))
	}
	r.wire.opt.Log.LogAttrs(r.Context(), level, "request", append(attrs, r.errorAttrs()...)...)
}

func (r *Request) carriesToken() bool {
	r.readTokens()
	return r.sent.token != ""
}

// errorAttrs says why a request failed: the cause if the fault is ours, else only
// the code, because the cause may quote what the client sent.
func (r *Request) errorAttrs() []slog.Attr {
	switch {
	case r.err == nil:
		return nil
	case r.status >= http.StatusInternalServerError:
		return []slog.Attr{slog.String("error", r.err.Error())}
	default:
		return []slog.Attr{slog.String("code", publicError(r.err).Code)}
	}
}

func isSafeMethod(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// knownMethod keeps made-up methods, which can be long, out of logs and metrics.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions, http.MethodTrace, http.MethodConnect:
		return method
	}
	return "other"
}

func routeOf(r *http.Request) string {
	if r.Pattern == "" || r.Pattern == "/" {
		return "none"
	}
	_, path, found := strings.Cut(r.Pattern, " ")
	if !found {
		return r.Pattern
	}
	return path
}
