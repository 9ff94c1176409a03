package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/cardea-accounts/cardea/internal/database"
	"github.com/cardea-accounts/cardea/internal/operate"
	"github.com/cardea-accounts/cardea/internal/storage"
)

var moveCommand = command{name: "move", settings: where, run: move,
	cutOff: "interrupted; the data is where it was, and writes continue. Run the command again to start over", about: `
Moves the users to another database, the pictures to another storage, or both:
from SQLite and folders to PostgreSQL and S3, or back. The settings say where
the data is, --to-database and --to-storage where it goes. The target must be
empty.

The server may keep running. The command copies the pictures, pauses writes,
copies the users and the latest pictures, reads everything back and compares it.
During the pause, users stay signed in; registrations, logins and changes get
503 with Retry-After. The command then says which settings to change, and waits
with writes paused until you have stopped the server. When the command has
ended, start the server with the new settings.

Until the command has ended, you can press Ctrl-C: the data stays where it is,
and the server writes again. Run the command again to start over. After a
finished move, servers and commands refuse the old database and storage, so
nobody uses them by mistake; --undo allows them again. secret.key stays in the
data folder, which the server still needs.

With --json, a line with the state "copied" says when to stop the server, and one
with the state "moved" comes at the end. Both have users, sessions, pictures,
rows, files, replaced_texts, seconds, paused_seconds and set: the variables to
set. An empty value there means: remove the variable. A run that completes an
earlier move prints the state "moved" alone.

Examples:
  cardea move --to-database postgres://cardea@db.example.com/cardea \
    --to-database-password-file /etc/cardea/password --to-storage s3://bucket/cardea
  cardea move --to-storage /srv/pictures
  cardea move --database postgres://cardea@db.example.com/cardea \
    --to-database /srv/cardea/cardea.db
`}

// moveFlags are the flags of cardea move.
type moveFlags struct {
	database, passwordFile, storage string
	undo                            bool
}

func move(ctx context.Context, in *invocation) error {
	from, err := in.place()
	if err != nil {
		return err
	}
	if in.move.undo {
		if in.move != (moveFlags{undo: true}) {
			return usageError{errors.New("--undo takes no --to-database or --to-storage: the settings name the old data")}
		}
		return undoMove(ctx, in, from)
	}
	opt, err := in.moveOptions()
	if err != nil {
		return err
	}
	if err := in.refuseRoot(); err != nil {
		return err
	}
	data, err := operate.Open(ctx, from, in.options())
	if errors.Is(err, database.ErrMoved) || errors.Is(err, storage.ErrLeft) {
		return finishMove(ctx, in, from, opt, err)
	}
	if err != nil {
		return err
	}
	defer data.Close() //nolint:errcheck // everything is done
	progress, done := in.progress()
	opt.Progress = progress
	opt.Copied = func(m operate.Moved) { done(); in.sayCopied(m) }
	moved, err := data.Move(ctx, opt)
	done()
	if err != nil {
		return err
	}
	return in.sayMoved(moved)
}

// moveOptions checks the flags.
func (in *invocation) moveOptions() (opt operate.MoveOptions, err error) {
	f := in.move
	if f.database == "" && f.storage == "" {
		return opt, usageError{errors.New("say where to: --to-database, --to-storage, or both")}
	}
	for name, problem := range map[string]error{"to-database": database.Check(f.database), "to-storage": storage.Check(f.storage)} {
		if problem != nil {
			return opt, usageError{fmt.Errorf("--%s must be %w", name, problem)}
		}
	}
	if f.passwordFile != "" && !database.IsAddress(f.database) {
		return opt, usageError{errors.New("--to-database-password-file is only for a PostgreSQL server in --to-database; a SQLite file has no password")}
	}
	if f.storage != "" {
		opt.Storage = absolute(f.storage)
	}
	if f.database != "" {
		place, err := database.At(in.cfg.Data, absolute(f.database), f.passwordFile, f.storage)
		if err != nil {
			return opt, fmt.Errorf("to-database: %w", err)
		}
		opt.Database = &place
	}
	return opt, nil
}

// absolute returns the absolute form of a path. Addresses stay as they are.
func absolute(place string) string {
	if database.IsAddress(place) {
		return place
	}
	if path, err := filepath.Abs(place); err == nil {
		return path
	}
	return place
}

type movedJSON struct {
	State    string            `json:"state"` // copied, then moved
	Users    int64             `json:"users"`
	Sessions int64             `json:"sessions"`
	Pictures int64             `json:"pictures"`
	Rows     int64             `json:"rows"`
	Files    int64             `json:"files"`
	Replaced int64             `json:"replaced_texts"`
	Took     float64           `json:"seconds"`
	Paused   float64           `json:"paused_seconds"`
	Set      map[string]string `json:"set"` // empty: remove the variable
}

func (in *invocation) movedJSON(state string, m operate.Moved) movedJSON {
	set := map[string]string{}
	for _, s := range in.newSettings() {
		set[s.name] = s.value
	}
	return movedJSON{state, m.Users, m.Sessions, m.Pictures, m.Rows, m.Files, m.Replaced, seconds(m.Took), seconds(m.Paused), set}
}

func seconds(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }

// newSetting is an environment variable that has to change.
type newSetting struct{ name, value string }

func (in *invocation) newSettings() (list []newSetting) {
	f := in.move
	if f.database != "" {
		list = append(list, newSetting{"CARDEA_DATABASE", absolute(f.database)})
		file := ""
		if f.passwordFile != "" {
			file = absolute(f.passwordFile)
		}
		if file != "" || in.cfg.DatabasePasswordFile != "" {
			list = append(list, newSetting{"CARDEA_DATABASE_PASSWORD_FILE", file})
		}
	}
	if f.storage != "" {
		list = append(list, newSetting{"CARDEA_STORAGE", absolute(f.storage)})
	}
	return list
}

// sayCopied says what to do while writes are paused.
func (in *invocation) sayCopied(m operate.Moved) {
	if in.json {
		_ = in.printJSON(in.movedJSON("copied", m))
		return
	}
	in.printf("Copied and compared in %v: %s.\n", m.Took.Round(time.Second), movedCounts(m))
	in.mentionReplaced(m.Replaced)
	in.printf("Writes have been paused for %v so far, and stay paused until the server has started again.\n", m.Paused.Round(time.Second))
	in.printf("Stop the server now, if one runs, and change its settings to:\n\n")
	for _, s := range in.newSettings() {
		if s.value == "" {
			in.printf("  (remove %s)\n", s.name)
		} else {
			in.printf("  %s=%s\n", s.name, shellWord(s.value))
		}
	}
	in.printf("\nStart it when this command has ended. To cancel the move, press Ctrl-C.\n")
}

func movedCounts(m operate.Moved) string {
	var text string
	if m.Rows > 0 {
		text = counted(m.Users, "user", "users") + " and " + counted(m.Sessions, "session", "sessions") + " in " + counted(m.Rows, "row", "rows")
	}
	if m.Files > 0 {
		if text != "" {
			text += ", "
		}
		text += counted(m.Pictures, "picture", "pictures") + " in " + counted(m.Files, "file", "files")
	}
	if text == "" {
		return "there is nothing yet"
	}
	return text
}

func (in *invocation) sayMoved(m operate.Moved) error {
	if in.json {
		return in.printJSON(in.movedJSON("moved", m))
	}
	in.printf("Moved. Start the server with the new settings. ")
	if in.move.database != "" {
		in.printf("The old database is marked as moved, so no server uses it by mistake; keep it until you have a backup of the new one. ")
	} else {
		in.printf("No server uses the old storage any more; remove it once you have a backup. ")
	}
	in.printf("secret.key stays in %s.\n", in.cfg.Data)
	return nil
}

// finishMove completes a move that was killed at the very end.
func finishMove(ctx context.Context, in *invocation, from database.Place, opt operate.MoveOptions, refused error) error {
	err := operate.FinishMove(ctx, from, opt)
	if errors.Is(err, database.ErrMoved) || errors.Is(err, storage.ErrLeft) {
		return refused
	}
	if err != nil {
		return err
	}
	if in.json {
		return in.printJSON(map[string]string{"state": "moved"})
	}
	_, err = io.WriteString(in.stdout, "The data has already been moved there. Start the server with the new settings.\n")
	return err
}

func undoMove(ctx context.Context, in *invocation, from database.Place) error {
	to, onlyPictures, err := operate.UndoMove(ctx, from)
	if err != nil {
		return err
	}
	if in.json {
		return in.printJSON(struct {
			WasMovedTo string `json:"was_moved_to"`
		}{to})
	}
	switch {
	case to == "":
		in.printf("%v has no mark of a move; nothing was changed.\n", from)
	case onlyPictures:
		in.printf("%s can be used again. Pictures uploaded to %s since are not in it.\n", storage.Name(from.Pictures), to)
	default:
		in.printf("%v can be used again. It is as it was when it was moved: changes made in %s since are not in it.\n", from, to)
	}
	return nil
}
