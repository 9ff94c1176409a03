package wire

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea/internal/text"
)

// slow is when even a successful read is logged.
const slow = time.Second

// log writes one line about a request that may have changed something, failed or was
// slow. With LogAll, it does so for every request, and the log has every X-Request-Id.
// Otherwise lines about refusals are bounded. The line names the route's pattern, because
// the path is the client's choice.
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
	case r.status < http.StatusBadRequest && isSafeMethod(r.HTTP.Method) && !r.wire.opt.LogAll:
		return
	}
	more, ok := r.wire.refused.pass(r)
	if !ok {
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
	if r.Session != nil {
		attrs = append(attrs, slog.String("user", r.Session.User.ID))
	}
	attrs = append(attrs, r.errorAttrs()...)
	if more > 0 {
		attrs = append(attrs, slog.Int64("more", more))
	}
	r.wire.opt.Log.LogAttrs(r.Context(), level, "request", attrs...)
}

// errorAttrs says why a request failed: the cause if the fault is ours, else only
// the code, because the cause may quote what the client sent. A refused origin is
// named: the id of its 403 leads to it.
func (r *Request) errorAttrs() []slog.Attr {
	switch {
	case r.err == nil:
		return nil
	case r.status >= http.StatusInternalServerError:
		return []slog.Attr{slog.String("error", r.err.Error())}
	case errors.Is(r.err, errCrossOrigin):
		return []slog.Attr{slog.String("code", errCrossOrigin.Code), r.originAttr(), r.pathAttr()}
	default:
		return []slog.Attr{slog.String("code", publicError(r.err).Code)}
	}
}

// maxLoggedBytes bounds each value in the log that is the client's choice.
const maxLoggedBytes = 200

func (r *Request) originAttr() slog.Attr {
	return slog.String("origin", text.Printable(r.HTTP.Header.Get("Origin"), maxLoggedBytes))
}

func (r *Request) pathAttr() slog.Attr {
	return slog.String("path", text.Printable(r.HTTP.URL.Path, maxLoggedBytes))
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
