package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// slow is when even a request that only reads is worth a line.
const slow = time.Second

// logRequest writes one line about a request that changes something, failed
// through our fault, presented a session that is none or took long; with the
// setting, about every request. It names
// the route's pattern and not the path, which is the client's to choose.
func (s *Server) logRequest(rec *recorder, r *http.Request, took time.Duration) {
	level := slog.LevelInfo
	switch {
	case errors.Is(rec.err, context.Canceled): // the client went away
	case rec.status == http.StatusServiceUnavailable:
		level = slog.LevelWarn
	case rec.status >= http.StatusInternalServerError:
		level = slog.LevelError
	case took >= slow:
		level = slog.LevelWarn
	case rec.status == http.StatusUnauthorized && s.token(r) != "": // a session that is none: expired, or made up
	case isSafeMethod(r.Method) && !s.opt.LogAll:
		return
	}
	attrs := []slog.Attr{
		slog.String("request", rec.id()),
		slog.String("method", knownMethod(r.Method)),
		slog.String("route", routeOf(r)),
		slog.Int("status", rec.status),
		slog.Float64("took_ms", float64(took.Microseconds())/1000),
		slog.String("ip", s.clientIP(r).String()),
	}
	if rec.userID != "" {
		attrs = append(attrs, slog.String("user", rec.userID))
	}
	s.opt.Log.LogAttrs(r.Context(), level, "request", append(attrs, errorAttrs(rec)...)...)
}

// errorAttrs tells why a request failed: the cause where the fault is ours, and
// only the code otherwise, since a cause may quote what the client sent.
func errorAttrs(rec *recorder) []slog.Attr {
	switch {
	case rec.err == nil:
		return nil
	case rec.status >= http.StatusInternalServerError:
		return []slog.Attr{slog.String("error", rec.err.Error())}
	default:
		return []slog.Attr{slog.String("code", refusalOf(rec.err).Code)}
	}
}

func isSafeMethod(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// knownMethod keeps made-up methods, which can be long, out of the log.
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
