package main

import (
	"fmt"
	"io"
	"time"

	"golang.org/x/term"

	"github.com/cardea-accounts/cardea/internal/operate"
)

const (
	// terminalInterval is the time between two changes of the line on a terminal.
	terminalInterval = 200 * time.Millisecond
	// logInterval is the time before the first line elsewhere, such as in a journal, and the longest
	// time between two. A command that takes less prints none, so cron sends no mail about it.
	logInterval = 30 * time.Second
)

// progress shows how far long work has come: on one line of a terminal, or on lines of a log.
type progress struct {
	w          io.Writer
	isTerminal bool
	now        func() time.Time
	began      time.Time // when the command began
	shown      time.Time // when a line was shown last; at first, when the command began
	what       string    // the phase of the work
	since      time.Time // when that phase began
}

func newProgress(w io.Writer, isTerminal bool, now func() time.Time) *progress {
	return &progress{w: w, isTerminal: isTerminal, now: now, began: now(), shown: now()}
}

// progress shows the progress of long work on standard error. The second result ends the line.
func (in *invocation) progress() (operate.Progress, func()) {
	p := newProgress(in.stderr, term.IsTerminal(int(in.stderr.Fd())), time.Now)
	return p.report, p.end
}

// report is an [operate.Progress].
func (p *progress) report(what string, done, total int64) {
	now := p.now()
	isNew := what != p.what
	if isNew {
		p.what, p.since = what, now
	}
	if !p.isDue(now, isNew, done == total) {
		return
	}
	p.shown = now
	line := shown(oneLine(what))
	if total > 0 {
		line += fmt.Sprintf(" %d of %d%s", done, total, rate(done, total, now.Sub(p.since)))
	} else if done > 0 {
		line += fmt.Sprintf(" %d", done)
	}
	if p.isTerminal {
		fmt.Fprintf(p.w, "\r\x1b[K%s", line)
	} else {
		fmt.Fprintln(p.w, line)
	}
}

func (p *progress) isDue(now time.Time, isNew, isLast bool) bool {
	if p.isTerminal {
		return isNew || isLast || now.Sub(p.shown) >= terminalInterval
	}
	return now.Sub(p.shown) >= logInterval || isNew && now.Sub(p.began) >= logInterval
}

// end removes the line from a terminal.
func (p *progress) end() {
	if p.isTerminal {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

// rate says how fast long work goes, and how long it will still take; empty in the first seconds.
func rate(done, total int64, since time.Duration) string {
	if since < 2*time.Second || done == 0 {
		return ""
	}
	perSecond := float64(done) / since.Seconds()
	left := time.Duration(float64(total-done) / perSecond * float64(time.Second)).Round(time.Second)
	return fmt.Sprintf(", %.0f a second, %s left", perSecond, left)
}
