package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// loggedEvent is a line of a command's log.
type loggedEvent struct {
	Time                                 time.Time
	Level, Msg, Event, User, IP, Request string
}

// events reads standard error, which must be a log of events and nothing else.
func (p *process) events() (list []loggedEvent) {
	p.t.Helper()
	for line := range strings.Lines(p.stderr.String()) {
		if !strings.HasPrefix(line, "{") {
			p.t.Fatalf("%s: stderr:\n%s", p.cmd, &p.stderr)
		}
		e := decode[loggedEvent](p.t, line)
		if e.Msg != "event" || e.Level != "INFO" || e.Time.IsZero() {
			p.t.Fatalf("%s: logged %s", p.cmd, line)
		}
		list = append(list, e)
	}
	return list
}

// Commands log what they do to users, as the server does. A command that changes nothing
// logs nothing.
func TestOperatorsEventsAreLogged(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	s := serve(t, data, cheap)
	add := runOn(t, data, "simplepass", "user", "add", "--json", "--name", "Ann", "--email", "ann@example.com")
	id := decode[testkit.User](t, add.wantDone()).ID
	signIn := func(password string) {
		s.client().Post("/api/login", testkit.Credentials("ann@example.com", password)).Want(http.StatusOK)
	}
	do := func(stdin string, args ...string) *process { return runOn(t, data, stdin, args...) }
	signIn("simplepass")
	for _, c := range []struct {
		command *process
		want    []string
	}{
		{add, []string{"registered"}},
		{do("", "user", "show", id, "--audit"), nil},
		{do("", "user", "list"), nil},
		{do("", "user", "end-sessions", id), []string{"sessions_ended"}},
		{do("", "user", "end-sessions", id), nil}, // there was none
		{do("another password", "user", "set-password", id), []string{"password_changed"}},
		{do("", "user", "rename", id, "--name", "Ann Lee"), []string{"renamed"}},
		{do("", "user", "set-email", id, "--email", "ann@example.org"), []string{"email_changed"}},
		{do("", "user", "suspend", id), []string{"suspended"}},
		{do("", "user", "unsuspend", id), []string{"unsuspended"}},
		{do("", "user", "delete", id, "--yes"), []string{"user_deleted"}},
	} {
		c.command.wantDone()
		var got []string
		for _, e := range c.command.events() {
			got = append(got, e.Event)
			if e.User != id || e.IP != "" || e.Request != "" {
				t.Errorf("%+v, want it about %s, from no address", e, id)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s logged %v, want %v", c.command.cmd, got, c.want)
		}
		for _, secret := range []string{"ann@", "Ann", "simplepass", "another"} {
			if strings.Contains(c.command.stderr.String(), secret) {
				t.Errorf("%s logged %q", c.command.cmd, secret)
			}
		}
	}
	s.stop()
}
