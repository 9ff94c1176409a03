package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/importer"
	"github.com/cardea-accounts/cardea/internal/operate"
)

const importUsage = `Usage: cardea import COMMAND --from SOURCE [flags]

Brings in users from elsewhere, with their passwords, ids and pictures. Without
--apply it only says what would come, and what cannot and why. An import can be
stopped and repeated: nothing is doubled, and what was changed there since comes
along, unless the user has changed something here, or signed in. A server may
run meanwhile.

  cardea import flask    from the database of a Flask app
  cardea import django   from the database of a Django project
  cardea import csv      from a file with a line for each user
  cardea import cardea   from a file that cardea export has written

For details run a command with --help, such as "cardea import flask --help".
`

const importHelp = `
A column is found by its name where that is plain, such as email or
password_hash. Otherwise --map names it. The fields are id, email, password,
name, first_name, last_name, picture, created, verified and active.
`

var importCommands = map[string]command{
	"flask": {name: "import flask", settings: where, run: importFrom(openFlask), about: `
Brings in the users of a Flask app from its database, SQLite or PostgreSQL,
which is only read.
` + importHelp + `
Examples:
  cardea import flask --from instance/app.db --uploads static/uploads
  cardea import flask --from instance/app.db --uploads static/uploads --apply
  cardea import flask --from app.db --table members --map email=mail,name=nick
  cardea import flask --from postgres://app@db.example.com/app --table auth.users
`},
	"django": {name: "import django", settings: where, run: importFrom(openDjango), about: `
Brings in the users of a Django project from its database, SQLite or PostgreSQL,
which is only read. The table is auth_user. Name another one with --table.
` + importHelp + `
Examples:
  cardea import django --from db.sqlite3
  cardea import django --from db.sqlite3 --table members_member --apply
`},
	"csv": {name: "import csv", settings: where, run: importFrom(openCSV), about: `
Brings in users from a CSV file, in UTF-8, whose first line names the columns.
` + importHelp + `
Examples:
  cardea import csv --from users.csv
  cardea import csv --from users.csv --map email=login,verified=confirmed_at --apply
`},
	"cardea": {name: "import cardea", settings: where, run: importExport, about: `
Brings back what cardea export has written: users with ids, hashes, sessions,
events and pictures, as they were. A user whose id is there already stays as is.

Example:
  cardea import cardea --from users.tar --apply
`},
}

func (p program) importUsers(ctx context.Context, args []string) int {
	return p.group(ctx, "import", importUsage, importCommands, args)
}

// described is a source that can say what it found.
type described interface {
	importer.Source
	Describe() string
}

func openFlask(ctx context.Context, in *invocation) (described, error) {
	return openTable(ctx, in, "flask", []string{"user", "users"})
}

func openDjango(ctx context.Context, in *invocation) (described, error) {
	return openTable(ctx, in, "django", []string{"auth_user"})
}

func openTable(ctx context.Context, in *invocation, name string, tables []string) (described, error) {
	f := in.imports
	if f.table != "" && f.query != "" {
		return nil, usageError{errors.New("--table and --query exclude each other")}
	}
	return importer.OpenTable(ctx, f.from, importer.TableOptions{
		Name: orDefault(f.source, name), Table: f.table, Query: f.query, Tables: tables, Mapping: f.mapping,
	})
}

func openCSV(_ context.Context, in *invocation) (described, error) {
	return importer.OpenCSV(in.imports.from, orDefault(in.imports.source, "csv"), in.imports.mapping)
}

func orDefault(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// importFrom imports from the source that open opens.
func importFrom(open func(context.Context, *invocation) (described, error)) func(context.Context, *invocation) error {
	return func(ctx context.Context, in *invocation) (err error) {
		if in.imports.from == "" {
			return usageError{errors.New("name the file with the users: --from FILE")}
		}
		source, err := open(ctx, in)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, source.Close()) }()
		return in.importAs(ctx, "Found: "+source.Describe()+".\n", func(data *operate.Data, opt importer.Options) (importer.Summary, error) {
			if in.imports.apply {
				return data.Import(ctx, source, opt)
			}
			return data.TryImport(ctx, source, opt)
		})
	}
}

// importExport imports what cardea export has written.
func importExport(ctx context.Context, in *invocation) error {
	if in.imports.from == "" {
		return usageError{errors.New("name the file that cardea export has written: --from FILE")}
	}
	f, err := os.Open(in.imports.from)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it was only read
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return in.importAs(ctx, "", func(data *operate.Data, opt importer.Options) (importer.Summary, error) {
		if in.imports.apply {
			return data.TakeIn(ctx, f, info.Size(), opt)
		}
		return data.TryTakeIn(ctx, f, info.Size(), opt)
	})
}

// importAs opens the data and runs an import, or a trial of one.
func (in *invocation) importAs(ctx context.Context, found string, run func(*operate.Data, importer.Options) (importer.Summary, error)) error {
	remove, err := in.makeData()
	if err != nil {
		return err
	}
	return errors.Join(onData(func(_ context.Context, in *invocation, data *operate.Data) error {
		return in.importUsers(found, func(opt importer.Options) (importer.Summary, error) { return run(data, opt) })
	})(ctx, in), remove())
}

// makeData makes the data folder if there is none yet: for a trial a temporary one, which
// remove removes.
func (in *invocation) makeData() (remove func() error, err error) {
	remove = func() error { return nil }
	if _, err := os.Stat(in.dir().Database); err == nil {
		return remove, nil
	}
	if !in.imports.apply {
		if in.cfg.Data, err = os.MkdirTemp("", ".cardea-data-"); err != nil {
			return remove, err
		}
		in.cfg.Database, in.cfg.Storage = "", ""
		temporary := in.cfg.Data
		remove = func() error { return os.RemoveAll(temporary) }
	}
	cfg := in.cfg
	cfg.Log = commandLog(in.stderr)
	server, err := cardea.New(cfg)
	if err != nil {
		return remove, errors.Join(err, remove())
	}
	return remove, server.Close()
}

func (in *invocation) importUsers(found string, run func(importer.Options) (importer.Summary, error)) (err error) {
	report, finish, err := in.reportRows()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, finish()) }()
	progress, done := in.progress()
	opt := importer.Options{
		Uploads: in.imports.uploads, AllVerified: in.imports.verified, WithoutPassword: in.imports.withoutPassword, Prehashed: in.imports.prehashed,
		Judged: report, Progress: progress,
	}
	summary, err := run(opt)
	done()
	if err != nil && !errors.Is(err, importer.ErrInterrupted) {
		return err
	}
	if in.json {
		return errors.Join(in.printJSON(summary), err)
	}
	in.sayImport(found, summary)
	return err
}

// reportRows writes what became of each row to the file of --report.
func (in *invocation) reportRows() (report func(importer.Verdict) error, finish func() error, err error) {
	if in.imports.report == "" {
		return nil, func() error { return nil }, nil
	}
	f, err := os.OpenFile(in.imports.report, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) // it has addresses
	if err != nil {
		return nil, nil, err
	}
	w := bufio.NewWriter(f)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return func(v importer.Verdict) error { return e.Encode(v) }, func() error { return errors.Join(w.Flush(), f.Close()) }, nil
}

// sayImport prints a summary, and what to do next.
func (in *invocation) sayImport(found string, s importer.Summary) {
	in.printf("%s", found)
	in.printf("%s:%s.\n", counted(s.Rows, "row", "rows"), counts(s.Outcomes))
	if len(s.Hashes) > 0 {
		in.printf("Password hashes:%s.\n", counts(s.Hashes))
	}
	if len(s.Pictures) > 0 {
		in.printf("Pictures:%s.\n", counts(s.Pictures))
	}
	if len(s.Reasons) > 0 {
		in.printf("Reasons:%s.\n", counts(s.Reasons))
		if in.imports.report == "" {
			in.printf("For the rows, add --report FILE.\n")
		}
	}
	if !in.imports.apply {
		in.printf("This was a trial: nothing was changed. To bring the users in, add --apply.\n")
	}
}

// counts lists what was counted, the most frequent first.
func counts[K ~string](of map[K]int64) string {
	keys := slices.SortedFunc(maps.Keys(of), func(a, b K) int {
		if of[a] != of[b] {
			return int(of[b] - of[a])
		}
		return strings.Compare(string(a), string(b))
	})
	var b strings.Builder
	for i, key := range keys {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, " %d %s", of[key], strings.ReplaceAll(string(key), "_", " "))
	}
	return b.String()
}
