package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/cardea-accounts/cardea/internal/datadir"
	"github.com/cardea-accounts/cardea/internal/operate"
)

// dataCommands work on all data.
var dataCommands = map[string]command{
	"backup": {name: "backup", argument: "FILE", settings: where, run: onData(backup), about: `
Copies the database, the pictures and secret.key to one tar file, with the
SHA-256 of each. The server may keep running. FILE must not exist, and must not
be in the picture storage. It appears once it is complete and has been read back
and verified. Only you can read it. "-" writes to standard output, which is not
verified. Keep backups secret: they hold e-mail addresses and password hashes.

A damaged picture stops the backup. With --skip-damaged the backup leaves it
out, prints a line for it, and exits with 1.

Examples:
  cardea backup /backups/cardea-2026-11-22.tar
  cardea backup - | gpg --encrypt -r ops@example.com > cardea.tar.gpg
`},
	"restore": {name: "restore", argument: "FILE", settings: where, run: restore, about: `
Creates a data folder from a backup. The folder must be missing or empty, and so
must a PostgreSQL schema or bucket prefix that the settings name. It may have the
secret.key of the backup. Restore is all or nothing: it checks the whole backup
first. Sessions in the backup stay valid. "-" reads standard input, and needs room
for a temporary file as large as the backup (see TMPDIR).

Examples:
  cardea restore /backups/cardea-2026-11-22.tar
  cardea restore /backups/cardea-2026-11-22.tar --data /srv/cardea
  gpg --decrypt cardea.tar.gpg | cardea restore - --data /srv/cardea
`},
	"export": {name: "export", argument: "FILE", settings: where, run: onData(exportAll), about: `
Writes all users, with password hashes, sessions, events and pictures, to one tar
file that other programs can read (docs/reference/export.md), while the server
runs. It shows the data at one moment. FILE must not exist. Only you can read
it. Keep it secret. For a copy of everything, with secret.key, use cardea backup.

Examples:
  cardea export users.tar
  tar -xOf users.tar users.jsonl | jq -r .email
`},
	"check": {name: "check", settings: where, run: check, about: `
Looks for damage: a damaged database or secret.key, missing or changed pictures,
and files in the picture storage that no picture uses. The server may keep
running. The command exits with 0 if all is well. Otherwise it prints a line for
each problem and exits with 1. With --json, the last line is a summary, even if
the check could not finish.

Examples:
  cardea check
  cardea check --remove-orphans --json
`},
}

type contentsJSON struct {
	File      string           `json:"file,omitempty"`
	Release   string           `json:"release"`
	CreatedAt string           `json:"created_at"`
	Users     int64            `json:"users"`
	Sessions  int64            `json:"sessions"`
	Pictures  int64            `json:"pictures"`
	Skipped   int64            `json:"skipped_pictures"`
	Replaced  int64            `json:"replaced_texts,omitempty"`
	SecretKey datadir.KeyState `json:"secret_key"`
	Schema    []string         `json:"schema_differences,omitempty"`
}

func contentsToJSON(file string, c operate.Contents) contentsJSON {
	return contentsJSON{file, c.Release, c.CreatedAt.UTC().Format(time.RFC3339), c.Users, c.Sessions, c.Pictures, c.Skipped, c.Replaced, c.Secret, c.Differences}
}

func backup(ctx context.Context, in *invocation, data *operate.Data) error {
	r := in.newReport()
	opt := operate.BackupOptions{Release: version, SkipDamaged: in.skipDamaged, Found: r.found, Progress: r.progress}
	if in.argument == "-" {
		return backupToStdout(ctx, in, data, r, opt)
	}
	c, err := data.Backup(ctx, in.argument, opt)
	r.done()
	if err != nil {
		return err
	}
	if in.json {
		return r.orProblems(in.printJSON(contentsToJSON(in.argument, c)))
	}
	in.printf("Backed up to %s, and verified: %s.\n", in.argument, holds(c))
	in.mentionSchema(in.stdout, c)
	in.mentionKey(c, "There is no secret.key in the data folder, so there is none in the backup")
	if r.problems > 0 {
		in.printf("The problems above were left out.\n")
	}
	return r.orProblems(nil)
}

func exportAll(ctx context.Context, in *invocation, data *operate.Data) error {
	if in.argument == "-" {
		return usageError{errors.New("an export is not written to standard output: name a file")}
	}
	r := in.newReport()
	c, err := data.Export(ctx, in.argument, operate.BackupOptions{Release: version, SkipDamaged: in.skipDamaged, Found: r.found, Progress: r.progress})
	r.done()
	if err != nil {
		return err
	}
	if in.json {
		return r.orProblems(in.printJSON(struct {
			File     string `json:"file"`
			Users    int64  `json:"users"`
			Sessions int64  `json:"sessions"`
			Pictures int64  `json:"pictures"`
		}{in.argument, c.Users, c.Sessions, c.Pictures}))
	}
	in.printf("Exported to %s: %s.\n", in.argument, holds(c))
	return r.orProblems(nil)
}

// backupToStdout writes the backup to standard output, and reports on standard error.
func backupToStdout(ctx context.Context, in *invocation, data *operate.Data, r *report, opt operate.BackupOptions) error {
	if term.IsTerminal(int(in.stdout.Fd())) {
		return usageError{errors.New("a backup is not for a terminal: name a file, or use a pipe")}
	}
	r.out, r.json = in.stderr, false
	signal.Ignore(syscall.SIGPIPE) // otherwise it ends the process, and the copy of the database is left behind
	c, err := data.BackupTo(ctx, in.stdout, opt)
	r.done()
	if err == nil {
		in.mentionSchema(in.stderr, c)
	}
	if errors.Is(err, syscall.EPIPE) {
		err = errors.New("the reader of the backup stopped before its end; what it read is not a complete backup")
	}
	return r.orProblems(err)
}

func restore(ctx context.Context, in *invocation) (err error) {
	place, err := in.place()
	if err != nil {
		return err
	}
	progress, done := in.progress()
	var c operate.Contents
	if in.argument == "-" {
		if term.IsTerminal(int(in.stdin.Fd())) {
			return usageError{errors.New("a backup cannot be typed: name a file, or use a pipe")}
		}
		c, err = operate.RestoreFrom(ctx, place, in.stdin, progress)
	} else {
		c, err = operate.Restore(ctx, place, in.argument, progress)
	}
	done()
	if err != nil {
		return err
	}
	if in.json {
		return in.printJSON(contentsToJSON(in.argument, c))
	}
	in.printf("Restored to %s from a backup that Cardea %s made at %s: %s.\n", in.cfg.Data, shown(c.Release), stamp(c.CreatedAt), holds(c))
	in.mentionReplaced(c.Replaced)
	in.mentionKey(c, "There is no secret.key in it")
	if c.Secret == datadir.KeyDamaged {
		in.printf("The secret.key in it is damaged and was left out: %s.\n", newKey)
	}
	in.printf("Sessions in it stay valid. Start the server with: cardea serve --data %s%s\n", shellPath(in.cfg.Data), in.placeFlags())
	return nil
}

// placeFlags returns the flags besides --data that say where the data is, quoted for a shell.
func (in *invocation) placeFlags() (flags string) {
	for _, f := range []struct{ name, value string }{
		{"database", in.cfg.Database}, {"database-password-file", in.cfg.DatabasePasswordFile}, {"storage", in.cfg.Storage},
	} {
		if f.value != "" {
			flags += " --" + f.name + " " + shellWord(f.value)
		}
	}
	return flags
}

// mentionReplaced mentions texts that changed on the way to another database.
func (in *invocation) mentionReplaced(n int64) {
	if n > 0 {
		in.printf("%s had bytes that PostgreSQL cannot keep, such as a browser's name with NUL: each became U+FFFD.\n", counted(n, "text", "texts"))
	}
}

// mentionSchema says that the schema of a server was changed by hand. The change is not in the backup.
func (in *invocation) mentionSchema(w io.Writer, c operate.Contents) {
	if n := len(c.Differences); n > 0 {
		fmt.Fprintf(w, "The schema of the database was changed: %s (%s; cardea check lists all). "+
			"The backup has all rows of Cardea, but a restore creates the schema without the change.\n", shown(c.Differences[0]), counted(int64(n), "difference", "differences"))
	}
}

const newKey = "the server makes a new one when it starts; then it knows no device any more, and default avatars get new addresses"

// mentionKey mentions a missing secret.key, which is not a problem.
func (in *invocation) mentionKey(c operate.Contents, missing string) {
	if c.Secret == datadir.KeyMissing {
		in.printf("%s: %s.\n", missing, newKey)
	}
}
