package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/cardea-accounts/cardea/internal/datadir"
	"github.com/cardea-accounts/cardea/internal/importer"
	"github.com/cardea-accounts/cardea/internal/operate"
)

const importUsage = `Usage: cardea import COMMAND --from SOURCE [flags]

Brings in users from elsewhere, with their passwords, ids and pictures. Without
--apply it only says what would come, and what cannot and why. An import can be
stopped and repeated: nothing is doubled, and what was changed there since comes
along, unless the user has changed the same here. A server may run meanwhile.

  cardea import flask    from the database of a Flask app
  cardea import django   from the database of a Django project
  cardea import csv      from a file with a line for each user
  cardea import cardea   from a file that cardea export has written

For details run a command with --help, such as "cardea import flask --help".
`

const importHelp = `
A column is found by its name where that is plain, such as email or
password_hash. Otherwise --map names it. The fields are id, email, password,
name, first_name, last_name, picture, created, verified, active and suspended.
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
Commas, semicolons or tabs separate the values.
` + importHelp + `
Examples:
  cardea import csv --from users.csv
  cardea import csv --from users.csv --map email=login,verified=confirmed_at --apply
`},
	"cardea": {name: "import cardea", settings: where, run: importExport, about: `
Brings back what cardea export has written: users with ids, hashes, sessions,
events and pictures, as they were. A user whose id is there already stays as is.
Other users come, even if they were deleted here after the export.

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
	Describe() importer.Found
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
		Scratch: in.scratch,
	})
}

// scratch makes a folder for a copy of the source, in the data folder if there is one or will be.
func (in *invocation) scratch() (folder string, remove func() error, err error) {
	if in.imports.apply {
		if err := os.MkdirAll(in.dir().Path, 0o700); err != nil {
			return "", nil, err
		}
	}
	return datadir.Scratch(in.dir().Path)
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

// foundLines says what was found in a source, in lines.
func foundLines(found importer.Found) (lines string) {
	if found.Table != "" {
		lines = "Table: " + found.Table + ".\n"
	}
	lines += "Found: " + found.Used + ".\n"
	if found.Unused != "" {
		lines += "Not used: " + found.Unused + ".\n"
	}
	if !found.HasIDs {
		lines += "No column for the id: users get new ids; name it by --map id=COLUMN.\n"
	}
	return lines
}

// importFrom imports from the source that open opens.
func importFrom(open func(context.Context, *invocation) (described, error)) func(context.Context, *invocation) error {
	return func(ctx context.Context, in *invocation) (err error) {
		if in.imports.from == "" {
			return usageError{errors.New("name the file with the users: --from FILE")}
		}
		datadir.RemoveScratch(in.dir().Path) // also if this import needs none
		source, err := open(ctx, in)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, source.Close()) }()
		return in.importAs(ctx, foundLines(source.Describe()), func(data *operate.Data, opt importer.Options) (importer.Summary, error) {
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
	info, err := os.Stat(in.imports.from) // opening a pipe could wait for ever
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return usageError{fmt.Errorf("--from %s is not a file but a folder, a pipe or a device: an export is read more than once, so copy it to a file first", in.imports.from)}
	}
	f, err := os.Open(in.imports.from)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it was only read
	return in.importAs(ctx, "", func(data *operate.Data, opt importer.Options) (importer.Summary, error) {
		if in.imports.apply {
			return data.TakeIn(ctx, f, info.Size(), opt)
		}
		return data.TryTakeIn(ctx, f, info.Size(), opt)
	})
}
