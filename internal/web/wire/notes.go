package wire

import (
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cardea-accounts/cardea/internal/rarely"
	"github.com/cardea-accounts/cardea/internal/text"
)

// Bounds of the notes about origins: how often the same one is logged, and how many
// different ones in that time.
const (
	noteEvery = time.Minute
	maxNotes  = 16
)

// notes tell developers why pages of other origins cannot call. Anyone can forge origins
// and headers, so notes are few, and say how many were left out.
type notes struct {
	gate *rarely.Gate[string]
	more atomic.Int64 // left out since the last note
}

func newNotes() *notes { return &notes{gate: rarely.NewGate[string](noteEvery, maxNotes)} }

// noteRefusedOrigin logs a refused origin.
func (r *Request) noteRefusedOrigin() {
	origin := r.originAttr()
	r.note(r.wire.safety.refused, origin.Value.String(), "origin refused; CARDEA_ALLOWED_ORIGINS lists the origins whose pages may call",
		origin, slog.String("method", knownMethod(r.HTTP.Method)))
}

// notePreflight logs the first method or header that the page of an allowed origin asks
// for in vain. The browser then does not send the request.
func (r *Request) notePreflight() {
	h := r.HTTP.Header
	if method := h.Get("Access-Control-Request-Method"); method != "HEAD" && !slices.Contains(crossMethods, method) {
		r.noteUnmet("method", method)
		return
	}
	for header := range strings.SplitSeq(strings.Join(h["Access-Control-Request-Headers"], ","), ",") {
		header = strings.TrimSpace(header)
		isIt := func(allowed string) bool { return strings.EqualFold(allowed, header) }
		if header != "" && !slices.ContainsFunc(crossHeaders, isIt) {
			r.noteUnmet("header", header)
			return
		}
	}
}

func (r *Request) noteUnmet(what, value string) {
	origin := r.originAttr()
	value = text.Printable(value, maxLoggedBytes)
	r.note(r.wire.safety.unmet, value+" "+origin.Value.String(), "preflight not met: pages of allowed origins may not send this "+what,
		origin, slog.String(what, value))
}

// note logs attributes and the path, unless the key was logged within a minute.
func (r *Request) note(n *notes, key, msg string, attrs ...slog.Attr) {
	if !n.gate.Pass(strings.Clone(key), r.Now) { // the gate keeps it
		n.more.Add(1)
		return
	}
	attrs = append(attrs, r.pathAttr())
	if more := n.more.Swap(0); more > 0 {
		attrs = append(attrs, slog.Int64("more", more))
	}
	r.wire.opt.Log.LogAttrs(r.Context(), slog.LevelWarn, msg, attrs...) //nolint:sloglint // callers pass constants
}
