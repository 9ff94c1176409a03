package importer

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit/postgres"
)

// The users of an app come from PostgreSQL, as an app with UUIDs and a schema of its own has
// them. Nothing can be changed there.
func TestPostgres(t *testing.T) {
	address := postgres.Database(t)
	app, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close() //nolint:errcheck // the test ends
	if _, err := app.ExecContext(t.Context(), `CREATE SCHEMA auth; CREATE TABLE notes (id serial, text text);
		CREATE TABLE auth.users (id uuid, email text, encrypted_password varchar(255), created_at timestamptz, email_confirmed_at timestamptz);
		INSERT INTO auth.users VALUES
			('0189f8a4-5d1c-7cc1-a8d8-1d6e5c9a0b02', 'bob@example.com', '$2a$10$b', '2024-03-02 03:04:05+02', NULL),
			('0189f8a4-5d1c-7cc1-a8d8-1d6e5c9a0b01', 'ada@example.com', '$2a$10$a', '2024-03-02 03:04:05+02', now())`); err != nil {
		t.Fatal(err)
	}
	mapping, err := ParseMapping("verified=email_confirmed_at")
	if err != nil {
		t.Fatal(err)
	}
	opt := TableOptions{Name: "app", Tables: []string{"user", "users"}, Mapping: mapping}
	users := rowsOf(t, address, opt)
	if len(users) != 2 || users[0].ID != "0189f8a4-5d1c-7cc1-a8d8-1d6e5c9a0b01" || users[0].Email != "ada@example.com" || users[0].Password != "$2a$10$a" ||
		users[0].CreatedAt.Format("15:04") != "01:04" || !users[0].IsVerified || users[1].IsVerified {
		t.Errorf("%+v", users)
	}
	opt.Query = "SELECT u.email, encrypted_password, email_confirmed_at FROM auth.users u WHERE email LIKE 'b%'"
	if users := rowsOf(t, address, opt); len(users) != 1 || users[0].Email != "bob@example.com" {
		t.Errorf("%+v", users)
	}
	if _, err := app.ExecContext(t.Context(), `INSERT INTO auth.users VALUES
		('0189f8a4-5d1c-7cc1-a8d8-1d6e5c9a0b03', 'inf@example.com', 'x', 'infinity', '-infinity'),
		('0189f8a4-5d1c-7cc1-a8d8-1d6e5c9a0b00', 'far@example.com', 'x', '20000-01-01', '4000-01-01 BC')`); err != nil {
		t.Fatal(err)
	}
	opt.Query = ""
	opt.Table = "auth.users"
	for _, user := range rowsOf(t, address, opt)[2:] {
		if !user.CreatedAt.IsZero() || user.IsVerified {
			t.Errorf("%+v", user)
		}
	}
	for query, want := range map[string]string{
		"DELETE FROM auth.users RETURNING email, encrypted_password, email_confirmed_at": "syntax error",
		"SELECT nothing": "nothing",
	} {
		opt.Query = query
		if _, err := OpenTable(t.Context(), address, opt); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", query, err)
		}
	}
	for from, want := range map[string]string{
		"postgres://app:hunter2@127.0.0.1:1/app?sslmode=disable": "cannot read the database app on 127.0.0.1: connection refused (127.0.0.1:1)",
		"postgres://app:hunter2@host:port/app":                   "no address of a PostgreSQL database",
	} {
		if _, err := OpenTable(t.Context(), from, opt); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", from, err)
		}
	}
}

// An address that is not clear is refused before anything is asked of a name server.
func TestAddressThatIsNotClear(t *testing.T) {
	if _, err := OpenTable(t.Context(), "postgresql+psycopg2://postgres:p@ss/w:rd@host.invalid/db", TableOptions{}); err == nil || !strings.Contains(err.Error(), "%XX") {
		t.Error(err)
	}
}

func rowsOf(t *testing.T, from string, opt TableOptions) (rows []Row) {
	t.Helper()
	table, err := OpenTable(t.Context(), from, opt)
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close() //nolint:errcheck // it was only read
	if n, err := table.Count(t.Context()); err != nil || n == 0 {
		t.Errorf("%d, %v", n, err)
	}
	if err := table.Each(t.Context(), func(row Row) error { rows = append(rows, row); return nil }); err != nil {
		t.Fatal(err)
	}
	return rows
}
