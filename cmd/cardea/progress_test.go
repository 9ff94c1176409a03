package main

import (
	"bytes"
	"testing"
	"time"
)

// progressAt is a progress whose clock a test sets, in seconds since the start of the command.
func progressAt(isTerminal bool) (shown *bytes.Buffer, at func(seconds float64, what string, done, total int64)) {
	shown = &bytes.Buffer{}
	began := time.Now()
	now := began
	p := newProgress(shown, isTerminal, func() time.Time { return now })
	return shown, func(seconds float64, what string, done, total int64) {
		now = began.Add(time.Duration(seconds * float64(time.Second)))
		p.report(what, done, total)
	}
}

// On a terminal, one line changes at most five times a second. Its rate and remaining time are those
// of the phase that it names.
func TestProgressOnATerminal(t *testing.T) {
	t.Parallel()
	shown, at := progressAt(true)
	at(0, "copying pictures", 1, 1000)
	at(0.1, "copying pictures", 50, 1000)
	at(10, "copying pictures", 500, 1000)
	at(100, "copying rows", 0, 100)
	at(105, "copying rows", 50, 100)
	const line = "\r\x1b[K"
	want := line + "copying pictures 1 of 1000" + line + "copying pictures 500 of 1000, 50 a second, 10s left" +
		line + "copying rows 0 of 100" + line + "copying rows 50 of 100, 10 a second, 5s left"
	if got := shown.String(); got != want {
		t.Errorf("%q\nwant %q", got, want)
	}
}

// Elsewhere, a command that takes half a minute prints nothing. Later, there is a line for each phase
// and every half a minute.
func TestProgressInALog(t *testing.T) {
	t.Parallel()
	shown, at := progressAt(false)
	at(0, "looking at the target", 0, 0)
	at(1, "copying pictures", 1, 1000)
	at(29, "copying pictures", 280, 1000)
	at(31, "copying pictures", 300, 1000)
	at(60, "copying pictures", 590, 1000)
	at(61, "copying pictures", 600, 1000)
	at(70, "writes are paused\nfor a while", 0, 0)
	at(71, "writes are paused\nfor a while", 0, 0)
	at(100, "checking files", 7, 0)
	want := "copying pictures 300 of 1000, 10 a second, 1m10s left\n" +
		"copying pictures 600 of 1000, 10 a second, 40s left\n" +
		"writes are paused; for a while\n" +
		"checking files 7\n"
	if got := shown.String(); got != want {
		t.Errorf("%s\nwant:\n%s", got, want)
	}
}
