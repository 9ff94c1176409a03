package doctor

import (
	"context"
	"net/http"
	"time"
)

// mostSkew is how far two clocks may differ. Sign-in codes work for ten minutes, and the
// header Date has whole seconds.
const mostSkew = 30 * time.Second

// checkClock compares the clock of this machine with that in the header Date.
func (v *visit) checkClock(ctx context.Context) {
	before := v.Now()
	answer, err := v.ask(ctx, http.MethodGet, "/healthz", nil)
	if err != nil {
		v.failed("/healthz", err)
		return
	}
	there, err := http.ParseTime(answer.header.Get("Date"))
	if err != nil {
		v.note("", "not checked: the answer has no date")
		return
	}
	skew := there.Sub(before.Add(v.Now().Sub(before) / 2)).Round(time.Second)
	if skew.Abs() > mostSkew {
		v.wrong("timedatectl set-ntp true  (on the machine whose clock is wrong)", "the clocks of the server and of this machine differ by %s", skew.Abs())
		return
	}
	v.ok("the clocks of the server and of this machine agree")
}
