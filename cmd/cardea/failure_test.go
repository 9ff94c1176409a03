package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// Programs read on standard output why a command failed, too.
func TestErrorsAsJSON(t *testing.T) {
	data, missing := withPicture(t), filepath.Join(t.TempDir(), "missing")
	for _, c := range []struct {
		data, command, says string
		code                int
	}{
		{data, "user show nobody@example.com", "nobody with the e-mail address", exitFailed},
		{data, "user end-sessions nobody", "nobody with", exitFailed},
		{data, "user delete ann@example.com", "say --yes", exitUsage},
		{data, "user add --name Ann", "needs --name and --email", exitUsage},
		{missing, "user list", "no Cardea data here", exitFailed},
		{missing, "backup b.tar", "no Cardea data here", exitFailed},
		{data, "restore missing.tar", "missing.tar", exitFailed},
		{missing, "check", "no Cardea data here", exitFailed},
	} {
		p := runOn(t, c.data, "", append(strings.Fields(c.command), "--json")...)
		if code := p.wait(); code != c.code || !strings.Contains(p.stderr.String(), c.says) {
			t.Errorf("%s: %d %s", c.command, code, &p.stderr)
		}
		if out := decode[summary](t, p.stdout.String()); out.OK || !strings.Contains(out.Error, c.says) {
			t.Errorf("%s: %s", c.command, &p.stdout)
		}
	}
	runOn(t, missing, "", "backup", "-", "--json").wantEnd(exitFailed, "no Cardea data here") // standard output is the backup's
}
