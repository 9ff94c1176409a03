// Package doctor finds what goes wrong silently between users and a server: it asks the
// server from outside, by its URL, and looks at its mail server and its data from inside.
//
// There is a file for each group of checks. A check changes nothing, with one exception:
// that of the clients' addresses signs in to an account that does not exist.
package doctor

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/operate"
)

// State says whether something is well.
type State string

// The states. Only Wrong is a failure.
const (
	OK    State = "ok"
	Wrong State = "wrong"
	Note  State = "note" // right or wrong, depending on what is wanted; or not checked
)

// Finding is what a check saw.
type Finding struct {
	Check  string `json:"check"` // the name of the group
	State  State  `json:"state"`
	Saw    string `json:"saw"`
	Change string `json:"change,omitempty"` // the one line to change; empty: none
}

// Options say what to examine.
type Options struct {
	URL      *url.URL      // that users have, in the form of settings.ParsePublicURL
	Settings cardea.Config // of the server, with defaults
	Data     *operate.Data // nil: it cannot be opened
	// DataFault is why.
	DataFault error
	// Transport sends the requests. It has to follow Proxy and TLS settings of its own.
	// Nil: one for the public internet.
	Transport http.RoundTripper
	Now       func() time.Time
}

// patience bounds a request. Uploads over slow lines take longest.
const patience = time.Minute

// visit is what all checks share.
type visit struct {
	Options
	client   *http.Client
	findings []Finding
	group    string
	clashes  []string // cookies of others with the name of the session's
}

// Run runs all checks, and returns what they saw. If the server does not answer, the checks
// from outside end there.
func Run(ctx context.Context, opt Options) []Finding {
	if opt.Transport == nil {
		opt.Transport = &http.Transport{Proxy: http.ProxyFromEnvironment}
	}
	v := &visit{Options: opt, client: &http.Client{
		Transport: opt.Transport, Timeout: patience, CheckRedirect: stay,
	}}
	if v.in("address").checkAddress(ctx) {
		v.in("cookie").checkCookie(ctx)
		v.in("pages").checkPages(ctx)
		v.in("proxy").checkProxy(ctx)
		v.in("upload").checkUpload(ctx)
		v.in("origins").checkOrigins(ctx)
		v.in("https").checkHTTPS(ctx)
		v.in("clock").checkClock(ctx)
		v.in("other apps").checkOtherApps(ctx)
	}
	v.in("mail").checkMail(ctx)
	v.in("data").checkData(ctx)
	return v.findings
}

// stay does not follow redirects.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func (v *visit) in(group string) *visit {
	v.group = group
	return v
}

func (v *visit) ok(format string, args ...any) { v.add(OK, "", format, args...) }

// wrong says what to change first, and then what was seen.
func (v *visit) wrong(change, format string, args ...any) { v.add(Wrong, change, format, args...) }

func (v *visit) note(change, format string, args ...any) { v.add(Note, change, format, args...) }

func (v *visit) add(state State, change, format string, args ...any) {
	v.findings = append(v.findings, Finding{v.group, state, fmt.Sprintf(format, args...), change})
}

// IsHealthy reports whether nothing is wrong.
func IsHealthy(findings []Finding) bool {
	for _, f := range findings {
		if f.State == Wrong {
			return false
		}
	}
	return true
}
