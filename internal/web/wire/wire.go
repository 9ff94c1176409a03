// Package wire holds the HTTP code that all routes share: addresses and origins,
// cookies, bodies and their pace, the JSON envelope, the status of each error,
// safety headers and CORS, the request log, and the HTTP metrics.
//
// [Wire] is what all requests share. A [Request] is one of them: the action of its
// route reads from it and answers through it. Start with request.go.
package wire

import (
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/rarely"
	"github.com/cardea-accounts/cardea/internal/session"
)

// Options are the settings of the HTTP side.
type Options struct {
	PublicURL      *url.URL       // nil: http:// and the request's own Host
	TrustedProxies []netip.Prefix // forwarded headers count only from these
	ForwardedHost  bool           // X-Forwarded-Host of a trusted proxy counts
	AllowedOrigins []string       // other origins that may call, exact
	ReturnOrigins  []string       // other origins to which pages may lead, exact
	PictureOrigin  string         // to which requests for pictures are redirected; empty: they are not
	AppURL         string         // where pages lead without an address to return to; empty: home
	HSTS           string         // host (also if empty), subdomains or off
	CookieName     string
	CookieDomain   string // empty: this host only
	CookieSameSite http.SameSite
	CookieMaxAge   time.Duration
	// FlaskCookieName is the name of the cookies of a Flask app that are exchanged for
	// sessions, beside ours. Empty: none are.
	FlaskCookieName string
	UploadMaxBytes  int64                      // of a picture file
	UploadMemory    int64                      // that all uploads together may take; 0: 256 MiB
	Memory          int64                      // of the process; 0: no limit
	Language        func(wanted string) string // the best language for an Accept-Language header, as a tag
	Dev             bool                       // serve the development mailbox
	LogAll          bool                       // log every request, not only events
	Budget          *guard.Budget
	Now             func() time.Time
	Log             *slog.Logger
}

// Wire is what all requests share.
type Wire struct {
	opt      Options
	sessions *session.Service
	safety   safety
	uploads  *budget
	answers  *budget
	metrics  Metrics
	foreign  *rarely.Gate[struct{}] // notes about cookies of other apps
	refused  refusedLines
}

// New returns a Wire that finds sessions in the given service.
func New(sessions *session.Service, opt Options) *Wire {
	return &Wire{
		opt:      opt,
		sessions: sessions,
		safety:   newSafety(opt),
		uploads:  newBudget(opt.UploadMaxBytes).within(opt.UploadMemory),
		answers:  newAnswerBudget(opt.Memory),
		metrics:  newMetrics(),
		foreign:  rarely.NewGate[struct{}](foreignEvery, 1),
		refused:  newRefusedLines(),
	}
}

// Metrics returns the metrics of the requests.
func (wire *Wire) Metrics() *Metrics { return &wire.metrics }
