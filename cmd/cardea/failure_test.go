package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

// Each refusal is one line that says what to do. It changes nothing.
func TestCommandsRefuse(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	serve(t, data, cheap).stop()
	runOn(t, data, "simplepass", "user", "add", "--name", "Ann", "--email", "ann@example.com").wantDone()
	missing := filepath.Join(t.TempDir(), "missing")
	empty := filepath.Join(t.TempDir(), "empty") // a restore that fails leaves tables on a server
	notBackup := filepath.Join(t.TempDir(), "not.tar")
	if err := os.WriteFile(notBackup, []byte(strings.Repeat("not a tar file\n", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	advice := "name the folder with --data"
	if house.OnPostgres() {
		advice = "start cardea serve once"
	}
	for _, c := range []struct {
		data, stdin, args string
		code              int
		says              string
	}{
		{data, "", "user show bob@example.com", exitFailed, `"bob@example.com"`},
		{data, "", "user show bob", exitFailed, `"bob"`},
		{data, "x", "user set-password bob", exitFailed, "no user"},
		{data, "", "user end-sessions bob", exitFailed, "no user"},
		{data, "", "user delete bob --yes", exitFailed, "no user"},
		{data, "", "user delete ann@example.com", exitUsage, "--yes"},
		{data, "simplepass", "user add --name Ann --email ANN@example.com", exitFailed, "has this e-mail address"},
		{data, "short", "user add --name Bob --email bob@example.com", exitFailed, "too short"},
		{data, "", "user add --name Bob --email bob@example.com", exitUsage, "standard input"},
		{data, "password1", "user set-password ann@example.com", exitFailed, "most common"},
		{data, "simplepass", "user add --name Bob --email bob", exitFailed, "name@example.com"},
		{data, "simplepass", "user add --name Bob", exitUsage, "--email"},
		{data, "", "user add --password simplepass", exitUsage, "no flag --password"},
		{data, "", "user list --limit 0", exitUsage, "positive"},
		{data, "", "user list --limit abc", exitUsage, `--limit: "abc" is not allowed: a positive whole number`},
		{data, "", "user list --limit 99999999999999999999", exitUsage, "positive"},
		{data, "", "user list --json=perhaps", exitUsage, `--json: "perhaps" is not allowed: true or false`},
		{data, "", "user list ---json", exitUsage, "no flag ---json"},
		{data, "", "user list ann", exitUsage, `no argument "ann"`},
		{data, "", "user show", exitUsage, "needs one WHO"},
		{data, "", "user show a b", exitUsage, "needs one WHO"},
		{data, "", "user rename ann", exitUsage, "needs --name (see cardea user rename --help)"},
		{data, "", "user expel ann", exitUsage, `no command user "expel"; see cardea user --help`},
		{data, "", "check --listen 127.0.0.1:1", exitUsage, "no flag --listen"},
		{data, "", "backup " + notBackup, exitFailed, "exists already"},
		{data, "", "backup " + missing + "/b.tar", exitFailed, "cannot write to the folder " + missing + ": no such file"},
		{data, "", "backup", exitUsage, "needs one FILE"},
		{data, "", "restore " + notBackup, exitFailed, "not empty"},
		{missing, "", "restore " + notBackup, exitFailed, "not a backup"},
		{missing, "", "restore " + missing + ".tar", exitFailed, "cannot read the backup " + missing + ".tar: no such file"},
		{missing, "", "restore " + filepath.Dir(missing), exitFailed, "is a folder"},
		{missing, "", "restore -", exitFailed, "not a backup of Cardea, or a damaged one: it ends too early"},
		{missing, "\x1f\x8b", "restore -", exitFailed, "gunzip it first: gunzip | cardea restore -"},
		{data, "", "restore -", exitFailed, "not empty"},
		{empty, "", "check", exitFailed, "no Cardea data"},
		{empty, "", "user list", exitFailed, advice},
		{"", "", "check", exitUsage, `--data: ""`},
		{data, "", "check --database mysql://x", exitUsage, "postgres://user@host/database"},
	} {
		runOn(t, c.data, c.stdin, strings.Fields(c.args)...).wantEnd(c.code, c.says)
	}
	runOn(t, data, "", "check").wantDone("All is well: 1 user, 0 sessions, 0 pictures")
	if _, err := os.Stat(missing); err == nil {
		t.Error("a folder was made")
	}
}

// With --json, standard output says why a command failed.
func TestErrorsAsJSON(t *testing.T) {
	t.Parallel()
	data, missing := withPicture(t), filepath.Join(t.TempDir(), "missing")
	for _, c := range []struct {
		data, command, says string
		code                int
	}{
		{data, "user show nobody@example.com", "no user with the e-mail address", exitFailed},
		{data, "user end-sessions nobody", "no user with", exitFailed},
		{data, "user delete ann@example.com", "use --yes", exitUsage},
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
	runOn(t, missing, "", "backup", "-", "--json").wantEnd(exitFailed, "no Cardea data here") // standard output is for the backup
}
