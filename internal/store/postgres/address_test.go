package postgres

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The error says what is wrong with an address before anything connects. It does not repeat what
// may be a password.
func TestCheck(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"postgres://cardea@db/cardea": "",
		"postgresql://cardea@db:6432/cardea?sslmode=verify-full&sslrootcert=/ca.pem":          "",
		"postgres://cardea@db1:5432,db2,db3:5433/cardea?target_session_attrs=read-write":      "",
		"postgres:///cardea?host=/run/postgresql&user=cardea":                                 "",
		"postgres://cardea@[::1]/cardea?schema=accounts_2&pool_max_conns=5&connect_timeout=3": "",
		"mysql://cardea@db/cardea":                                    "postgres://user@host/database",
		"postgres://cardea:hunter2@db/cardea":                         "database-password-file",
		"postgres://cardea:hunter2@db1:5432,db2:5432/cardea":          "database-password-file",
		"postgres://cardea:hunt@er2@db/cardea":                        "postgres://user@host/database",
		"postgres://cardea@db/cardea?password=hunter2":                "database-password-file",
		"postgres://cardea@db/cardea?sslpassword=hunter2":             "database-password-file",
		"postgres://cardea@db/cardea?sslmod=require":                  "known are schema",
		"postgres://cardea@db/cardea?search_path=mine":                "known are schema",
		"postgres://cardea@db/cardea?sslmode=require&sslmode=disable": "once",
		"postgres://cardea@db/cardea?target_session_attrs=standby":    "Cardea writes",
		"postgres://cardea@db/cardea?pool_max_conns=4":                "from 5 to 1000",
		"postgres://cardea@db/cardea?pool_max_conns=many":             "from 5 to 1000",
		"postgres://cardea@db/cardea?schema=Mine":                     "a–z",
		"postgres://cardea@db/cardea?schema=a;drop":                   "postgres://user@host/database",
		"postgres://cardea@db/cardea?schema=public":                   "of its own",
		"postgres://cardea@db/cardea?sslmode=disabled":                "verify-full",
		"postgres://cardea@db/cardea?schema=pg_catalog":               "a–z",
		"postgres://cardea@db/cardea?schema=":                         "a–z",
	} {
		err := Check(address)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", address, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "unter2") {
			t.Errorf("%s: the password is in %v", address, err)
		}
	}
}

// The address of a database in messages and logs names everything but the password.
func TestAddressInWords(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("hunter2\nolder"), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := ParseAddress("postgres://cardea@db1:6432,db2/users?schema=accounts&sslmode=prefer", file)
	if err != nil {
		t.Fatal(err)
	}
	if got := a.String(); got != "postgres://cardea@db1:6432,db2:5432/users?schema=accounts" {
		t.Error(got)
	}
	if a.config.Password != "hunter2" || a.connections != 20 || a.schema != "accounts" || a.config.RuntimeParams["schema"] != "" {
		t.Errorf("%+v", a)
	}
	if err := os.WriteFile(file, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{file, file + ".missing"} {
		if _, err := ParseAddress("postgres://cardea@db/cardea", file); err == nil || !strings.Contains(err.Error(), file) {
			t.Error(err)
		}
	}
}

// Statements name the tables of the schema, wherever a table can stand, and nothing else changes.
func TestQualify(t *testing.T) {
	t.Parallel()
	texts := &texts{schema: "s", tables: map[string]bool{"users": true, "sessions": true}}
	for query, want := range map[string]string{
		"SELECT u.id FROM users u JOIN sessions s ON s.user_id = u.id WHERE users = 'FROM x'": "SELECT u.id FROM s.users u JOIN s.sessions s ON s.user_id = u.id WHERE users = 'FROM x'",
		"INSERT INTO users (id) SELECT id FROM\n\t\tsessions":                                 "INSERT INTO s.users (id) SELECT id FROM\n\t\ts.sessions",
		"INSERT INTO users (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET n = users.n":       "INSERT INTO s.users (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET n = users.n",
		"UPDATE users SET name = $1 WHERE id IN (SELECT user_id FROM sessions)":               "UPDATE s.users SET name = $1 WHERE id IN (SELECT user_id FROM s.sessions)",
		"DELETE FROM users": "DELETE FROM s.users",
		"SELECT 1 FROM users_old, public.users, (SELECT)": "SELECT 1 FROM users_old, public.users, (SELECT)",
		"": "",
	} {
		if got := texts.inSchema(query); got != want {
			t.Errorf("%s\nbecame\n%s", query, got)
		}
	}
}

// Text that PostgreSQL cannot store is changed, other text is not.
func TestStorable(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"Ada": "Ada", "Zoë 🦊": "Zoë 🦊", "a\x00b": "a\ufffdb", "a\xffb": "a\ufffdb", "\xc3": "\ufffd", "a\xff\xfe\xfdb": "a\ufffdb", "\x00\x00": "\ufffd\ufffd"} {
		if got := storable(text); got != want {
			t.Errorf("%q became %q", text, got)
		}
	}
}
