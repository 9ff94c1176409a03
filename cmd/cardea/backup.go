package main

import (
	"context"
	"errors"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/cardea-accounts/cardea"
)

// dataCommands are those on all of the data.
var dataCommands = map[string]command{
	"backup": {name: "backup", argument: "FILE", settings: where, run: onData(backup), about: `
Copies the database, the pictures and the key of device cookies to one tar file,
with the SHA-256 of each, while the server runs. FILE must not exist, and not lie
in the picture storage; it appears, readable by you only, when it is whole and was
read again and compared. "-" writes to standard output, without that last
comparison. Keep backups secret: they hold people's addresses and the hashes of
their passwords.

A damaged picture ends it. With --skip-damaged there is a line for each that is
left out, and the backup is made, but it ends with 1.

Examples:
  cardea backup /backups/cardea-2026-11-22.tar
  cardea backup - | gpg --encrypt -r ops@example.com > cardea.tar.gpg
`},
	"restore": {name: "restore", argument: "FILE", settings: where, run: restore, about: `
Makes a data folder from a backup. The folder must be missing or empty. All of
the backup is checked first; when something is wrong with it, nothing is left.
Sessions in it stay valid: who was signed in then is signed in again. "-" reads
standard input, by way of a temporary file as large as the backup (see TMPDIR).

Examples:
  cardea restore /backups/cardea-2026-11-22.tar
  cardea restore /backups/cardea-2026-11-22.tar --data /srv/cardea
  gpg --decrypt cardea.tar.gpg | cardea restore - --data /srv/cardea
`},
	"check": {name: "check", settings: where, run: check, about: `
Looks for damage, while the server runs: in the database, its tables and what
people sign in with; in the key of device cookies; in pictures, which must be there
and be what was stored; and for files of the picture storage that nothing names, or
that are not Cardea's. It ends with 0 when all is well, otherwise with 1 and a line for each problem. With --json the
last line is always a summary, which also says what kept the check from its end.

Examples:
  cardea check
  cardea check --remove-orphans --json
`},
}

type contentsJSON struct {
	File      string          `json:"file,omitempty"`
	Release   string          `json:"release"`
	CreatedAt string          `json:"created_at"`
	People    int64           `json:"people"`
	Sessions  int64           `json:"sessions"`
	Pictures  int64           `json:"pictures"`
	Skipped   int64           `json:"skipped_pictures"`
	DeviceKey cardea.KeyState `json:"device_key"`
}

func contentsToJSON(file string, c cardea.Contents) contentsJSON {
	return contentsJSON{file, c.Release, c.CreatedAt.UTC().Format(time.RFC3339), c.People, c.Sessions, c.Pictures, c.Skipped, c.DeviceKey}
}

func backup(ctx context.Context, in *invocation, a *cardea.Admin) error {
	r := in.newReport()
	opt := cardea.BackupOptions{Release: version, SkipDamaged: in.skipDamaged, Found: r.found, Progress: r.progress}
	if in.argument == "-" {
		if term.IsTerminal(int(in.stdout.Fd())) {
			return usageError{errors.New("a backup is not for a terminal: name a file, or use a pipe")}
		}
		r.out, r.json = in.stderr, false // standard output is the backup's
		signal.Ignore(syscall.SIGPIPE)   // or it would end the process, and leave the copy of the database behind
		_, err := a.BackupTo(ctx, in.stdout, opt)
		r.done()
		if errors.Is(err, syscall.EPIPE) {
			err = errors.New("who reads the backup has stopped before its end; what was read is not a whole backup")
		}
		return r.orProblems(err)
	}
	c, err := a.Backup(ctx, in.argument, opt)
	r.done()
	if err != nil {
		return err
	}
	if in.json {
		return r.orProblems(in.printJSON(contentsToJSON(in.argument, c)))
	}
	in.printf("Backed up to %s, and verified: %s.\n", in.argument, holds(c))
	in.mentionKey(c, "There is no device.key in the data folder, and so none in the backup")
	if r.problems > 0 {
		in.printf("Left out: what is said above.\n")
	}
	return r.orProblems(nil)
}

func restore(ctx context.Context, in *invocation) (err error) {
	progress, done := in.progress()
	var c cardea.Contents
	if in.argument == "-" {
		if term.IsTerminal(int(in.stdin.Fd())) {
			return usageError{errors.New("a backup cannot be typed: name a file, or use a pipe")}
		}
		c, err = cardea.RestoreFrom(ctx, in.cfg, in.stdin, progress)
	} else {
		c, err = cardea.Restore(ctx, in.cfg, in.argument, progress)
	}
	done()
	if err != nil {
		return err
	}
	if in.json {
		return in.printJSON(contentsToJSON(in.argument, c))
	}
	in.printf("Restored to %s from a backup that Cardea %s made at %s: %s.\n", in.cfg.Data, shown(c.Release), stamp(c.CreatedAt), holds(c))
	in.mentionKey(c, "There is no device.key in it")
	if c.DeviceKey == cardea.KeyDamaged {
		in.printf("The device.key in it is damaged, and was left out: %s.\n", newKey)
	}
	in.printf("Sessions in it stay valid. Start it with: cardea serve --data %s\n", in.cfg.Data)
	return nil
}

const newKey = "the server makes a new one when it starts; then no device is known any more"

// mentionKey tells of a missing device.key, which is no problem.
func (in *invocation) mentionKey(c cardea.Contents, missing string) {
	if c.DeviceKey == cardea.KeyMissing {
		in.printf("%s: %s.\n", missing, newKey)
	}
}
