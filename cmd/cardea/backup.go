package main

import (
	"context"
	"errors"
	"time"

	"golang.org/x/term"

	"github.com/cardea-accounts/cardea"
)

// dataCommands are those on all of the data.
var dataCommands = map[string]command{
	"backup": {name: "backup", argument: "FILE", settings: where, run: onData(backup), about: `
Copies the database, the pictures and the key of device cookies to one tar file,
while the server runs. FILE must not exist; it appears, readable by you only,
when it is whole and was read again and compared. "-" writes to standard output,
without that last comparison. Keep backups secret: they hold people's addresses
and the hashes of their passwords.

Examples:
  cardea backup /backups/cardea-2026-11-22.tar
  cardea backup - | gpg --encrypt -r ops@example.com > cardea.tar.gpg
`},
	"restore": {name: "restore", argument: "FILE", settings: where, run: restore, about: `
Makes a data folder from a backup. The folder must be missing or empty. All of
the backup is checked first; when something is wrong with it, nothing is left.
Sessions in it stay valid: who was signed in then is signed in again.

Examples:
  cardea restore /backups/cardea-2026-11-22.tar
  cardea restore /backups/cardea-2026-11-22.tar --data /srv/cardea
`},
	"check": {name: "check", settings: where, run: onData(check), about: `
Looks for damage, while the server runs: in the database; in pictures, which must
be there and be what was stored; and for files of the picture storage that nothing
names. It ends with 0 when all is well, otherwise with 1 and a line for each
problem.

Examples:
  cardea check
  cardea check --remove-orphans --json
`},
}

type contentsJSON struct {
	File      string `json:"file,omitempty"`
	Release   string `json:"release"`
	CreatedAt string `json:"created_at"`
	People    int64  `json:"people"`
	Sessions  int64  `json:"sessions"`
	Pictures  int64  `json:"pictures"`
	Skipped   int64  `json:"skipped_pictures"`
}

func contentsToJSON(file string, c cardea.Contents) contentsJSON {
	return contentsJSON{file, c.Release, c.CreatedAt.UTC().Format(time.RFC3339), c.People, c.Sessions, c.Pictures, c.Skipped}
}

func backup(ctx context.Context, in *invocation, a *cardea.Admin) error {
	progress, done := in.progress()
	opt := cardea.BackupOptions{Release: version, SkipDamaged: in.skipDamaged, Progress: progress}
	if in.argument == "-" {
		if term.IsTerminal(int(in.stdout.Fd())) {
			return usageError{errors.New("a backup is not for a terminal: name a file, or use a pipe")}
		}
		_, err := a.BackupTo(ctx, in.stdout, opt)
		done()
		return err
	}
	c, err := a.Backup(ctx, in.argument, opt)
	done()
	if err != nil {
		return err
	}
	if in.json {
		return in.printJSON(contentsToJSON(in.argument, c))
	}
	in.printf("Backed up to %s, and verified: %s.\n", in.argument, holds(c))
	if c.Skipped > 0 {
		in.printf("Left out: %s.\n", counted(c.Skipped, "damaged picture", "damaged pictures"))
	}
	return nil
}

func restore(ctx context.Context, in *invocation) error {
	progress, done := in.progress()
	c, err := cardea.Restore(ctx, in.cfg, in.argument, progress)
	done()
	if err != nil {
		return err
	}
	if in.json {
		return in.printJSON(contentsToJSON(in.argument, c))
	}
	in.printf("Restored to %s from a backup that Cardea %s made at %s: %s.\nSessions in it stay valid. Start it with: cardea serve --data %s\n",
		in.cfg.Data, shown(c.Release), stamp(c.CreatedAt), holds(c), in.cfg.Data)
	return nil
}

type problemJSON struct {
	Problem string `json:"problem"` // database, picture or file
	Person  string `json:"person,omitempty"`
	File    string `json:"file,omitempty"`
	Message string `json:"message"`
	Removed bool   `json:"removed"`
}

func check(ctx context.Context, in *invocation, a *cardea.Admin) error {
	progress, done := in.progress()
	problems, removed := 0, 0
	var failed error
	c, err := a.Check(ctx, cardea.CheckOptions{RemoveOrphans: in.removeOrphans, Progress: progress, Found: func(p cardea.Problem) {
		if p.Removed {
			removed++
		} else {
			problems++
		}
		if in.json {
			failed = errors.Join(failed, in.printJSON(problemJSON{p.What, p.Person, p.File, p.Message, p.Removed}))
			return
		}
		done()
		message := shown(p.Message)
		if p.Removed {
			message += "; removed"
		}
		in.printf("%s: %s\n", p.What, message)
	}})
	done()
	if err := errors.Join(err, failed); err != nil {
		return err
	}
	if in.json {
		err = in.printJSON(struct {
			OK       bool  `json:"ok"`
			People   int64 `json:"people"`
			Sessions int64 `json:"sessions"`
			Pictures int64 `json:"pictures"`
			Problems int   `json:"problems"`
			Removed  int   `json:"removed"`
		}{problems == 0, c.People, c.Sessions, c.Pictures, problems, removed})
	} else if problems == 0 {
		in.printf("All is well: %s.\n", holds(c))
	} else {
		in.printf("%s found, in %s.\n", counted(int64(problems), "problem", "problems"), holds(c))
	}
	if err == nil && problems > 0 {
		err = errReported
	}
	return err
}
