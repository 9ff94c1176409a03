package wire

import (
	"net/http"
	"time"
)

const (
	// outcomeSuffix makes the name of the outcome's cookie out of the session cookie's.
	outcomeSuffix = "-done"
	// outcomeMaxAge is time enough to read a page, and to load it again.
	outcomeMaxAge = 10 * time.Minute
)

// SeeOutcome is [Request.SeeOther] to a page that says what the form did. The name of the
// outcome travels in a cookie, which is sent from pages of this site only. So a link alone
// cannot make the page claim what did not happen, see [Request.HasOutcome].
func (r *Request) SeeOutcome(outcome, address string) {
	cookie := r.cookie(r.wire.opt.CookieName+outcomeSuffix, outcome, outcomeMaxAge)
	cookie.SameSite = http.SameSiteStrictMode
	http.SetCookie(r, cookie)
	r.SeeOther(address)
}

// HasOutcome reports whether the last form of this browser had an outcome.
func (r *Request) HasOutcome(outcome string) bool {
	for cookies := r.cookies(); cookies.next(); {
		if cookies.name == r.wire.opt.CookieName+outcomeSuffix && cookies.value == outcome {
			return true
		}
	}
	return false
}
