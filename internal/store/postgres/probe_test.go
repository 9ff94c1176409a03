package postgres

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/cardea-accounts/cardea/internal/store"
	testpostgres "github.com/cardea-accounts/cardea/internal/testkit/postgres"
)

// problem returns the error of opening a database. It checks that the error is one line that names
// the database without a password.
func problem(t *testing.T, address, passwordFile string) string {
	t.Helper()
	at, err := ParseAddress(address, passwordFile)
	if err != nil {
		t.Fatal(err)
	}
	db, err := Serve(t.Context(), at)
	if err == nil {
		t.Fatal(errors.Join(errors.New("the database is used"), db.Close()))
	}
	text := err.Error()
	if strings.Contains(text, "\n") || strings.Contains(text, "SQLSTATE") || strings.Contains(text, "hunter2") || !strings.HasPrefix(text, at.String()+": ") {
		t.Errorf("%q is no line for operators", text)
	}
	return text
}

// changed returns an address with another host, database, password or parameters.
func changed(t *testing.T, address string, change func(u *url.URL, query url.Values)) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	u.User = url.User(u.User.Username())
	change(u, query)
	u.RawQuery = query.Encode()
	return u.String()
}

func same(*url.URL, url.Values) {}

// For each reason why a database cannot be used, the error says what to do.
func TestProblems(t *testing.T) {
	t.Parallel()
	plain := testpostgres.Database(t)
	user := name(t, plain)
	for what, c := range map[string]struct {
		change func(*url.URL, url.Values)
		says   string
	}{
		"no such database":    {func(u *url.URL, _ url.Values) { u.Path = "/nowhere" }, "there is no database nowhere: create it with CREATE DATABASE nowhere OWNER " + user},
		"nobody listens":      {func(u *url.URL, _ url.Values) { u.Host = "127.0.0.1:1" }, "connection refused"},
		"no such host":        {func(u *url.URL, _ url.Values) { u.Host = "nowhere.invalid" }, "no such host"},
		"TLS asked, but none": {func(_ *url.URL, q url.Values) { q.Set("sslmode", "require") }, "the server has no TLS, but sslmode requires it"},
	} {
		if got := problem(t, changed(t, plain, c.change), ""); !strings.Contains(got, c.says) {
			t.Errorf("%s: %s", what, got)
		}
	}
}

func name(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.User.Username()
}

// The schema belongs to another role, or the role may not create one.
func TestNoRight(t *testing.T) {
	t.Parallel()
	server := testpostgres.Start(t, testpostgres.Options{})
	address := server.Database()
	user := name(t, address)
	run(t, server.Superuser(user), "ALTER DATABASE "+user+" OWNER TO postgres")
	want := "the role " + user + " may not create tables in the schema cardea: run CREATE SCHEMA \"cardea\" AUTHORIZATION " + user
	if got := problem(t, address, ""); !strings.Contains(got, want) {
		t.Error(got)
	}
	run(t, server.Superuser(user), "CREATE SCHEMA cardea")
	if got := problem(t, address, ""); !strings.Contains(got, want) {
		t.Error(got)
	}
}

func run(t *testing.T, address, statement string) {
	t.Helper()
	db, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context()) //nolint:errcheck // everything is answered
	if _, err := db.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func TestPasswordAndTLS(t *testing.T) {
	t.Parallel()
	server := testpostgres.Start(t, testpostgres.Options{Passwords: true, TLS: true})
	address := server.Database()
	right := passwordIn(t, address)
	file := func(password string) string {
		path := filepath.Join(t.TempDir(), "password")
		if err := os.WriteFile(path, []byte(password+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	wrong := "the password of " + name(t, address) + " is wrong or missing: see database-password-file, PGPASSFILE and PGPASSWORD"
	for what, c := range map[string]struct {
		change         func(*url.URL, url.Values)
		password, says string
	}{
		"a wrong password":         {same, file("hunter2"), wrong},
		"no password":              {same, "", wrong},
		"no TLS":                   {func(_ *url.URL, q url.Values) { q.Set("sslmode", "disable"); q.Del("sslrootcert") }, file(right), "accepts no connection without TLS: use sslmode=verify-full"},
		"an untrusted certificate": {func(_ *url.URL, q url.Values) { q.Del("sslrootcert") }, file(right), "the certificate of the server is not trusted: name the certificate that signed it with sslrootcert=file"},
	} {
		if got := problem(t, changed(t, address, c.change), c.password); !strings.Contains(got, c.says) {
			t.Errorf("%s: %s", what, got)
		}
	}
	at, err := ParseAddress(changed(t, address, same), file(right))
	if err != nil {
		t.Fatal(err)
	}
	db, err := Serve(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

func passwordIn(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	return password
}

// Like psql, Cardea ignores a PGPASSFILE to which others have access.
func TestPassfile(t *testing.T) {
	t.Parallel()
	server := testpostgres.Start(t, testpostgres.Options{Passwords: true})
	address := server.Database()
	password := passwordIn(t, address)
	file := filepath.Join(t.TempDir(), "passwords")
	if err := os.WriteFile(file, []byte("*:*:*:*:"+password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	address = changed(t, address, func(_ *url.URL, q url.Values) { q.Set("passfile", file) })
	at, err := ParseAddress(address, "")
	if err != nil {
		t.Fatal(err)
	}
	db, err := Open(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	for _, mode := range []os.FileMode{0o640, 0o604} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		want := "is missing: the file " + file + " is ignored, because its group or others have access to it; run chmod 600 " + file
		if got := problem(t, address, ""); !strings.Contains(got, want) {
			t.Errorf("mode %o: %s", mode, got)
		}
	}
	right := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(right, []byte(password), 0o600); err != nil {
		t.Fatal(err)
	}
	if at, err = ParseAddress(address, right); err == nil {
		db, err = Open(t.Context(), at)
	}
	if err != nil {
		t.Fatalf("with another password: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// A replica is refused, with and without target_session_attrs.
func TestReplica(t *testing.T) {
	t.Parallel()
	primary := testpostgres.Start(t, testpostgres.Options{})
	address := primary.Database()
	standby := primary.Standby()
	alone := changed(t, address, func(u *url.URL, _ url.Values) { u.Host = fmt.Sprintf("127.0.0.1:%d", standby.Port()) })
	for _, address := range []string{alone, alone + "&target_session_attrs=read-write"} {
		if got := problem(t, address, ""); !strings.Contains(got, "it is a read-only replica: name the primary") {
			t.Error(got)
		}
	}
}

func TestNewerSchema(t *testing.T) {
	t.Parallel()
	address := testpostgres.Database(t)
	e := opened(t, address)
	if _, err := e.pools.Writer.ExecContext(t.Context(), `UPDATE migrations SET version = 9999`); err != nil {
		t.Fatal(err)
	}
	at, err := ParseAddress(address, "")
	if err != nil {
		t.Fatal(err)
	}
	for what, open := range map[string]func() (*store.DB, error){
		"a server":  func() (*store.DB, error) { return Serve(t.Context(), at) },
		"a command": func() (*store.DB, error) { return OpenExisting(t.Context(), at) },
	} {
		if _, err := open(); !errors.Is(err, store.ErrNewer) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// If a server has no connection left, the error says so.
func TestTooManyConnections(t *testing.T) {
	t.Parallel()
	server := testpostgres.Start(t, testpostgres.Options{Settings: []string{"max_connections=5", "superuser_reserved_connections=1"}})
	address := server.Database()
	for range 5 {
		db, err := pgx.Connect(t.Context(), address)
		if err != nil {
			break // earlier, while the connection that made the database is not gone yet
		}
		defer db.Close(t.Context()) //nolint:errcheck // the test ends
	}
	if got := problem(t, address, ""); !strings.Contains(got, "raise max_connections of the server") {
		t.Error(got)
	}
}

// A database with another encoding than UTF8 is refused: a dump of it would spoil names.
func TestEncoding(t *testing.T) {
	t.Parallel()
	server := testpostgres.Start(t, testpostgres.Options{})
	address := server.Database()
	for encoding, isRefused := range map[string]bool{"LATIN1": true, "SQL_ASCII": false, "UTF8": false} {
		database := strings.ToLower(encoding)
		run(t, server.Superuser("postgres"), "CREATE DATABASE "+database+" OWNER "+name(t, address)+" ENCODING '"+encoding+"' LOCALE 'C' TEMPLATE template0")
		address := changed(t, address, func(u *url.URL, _ url.Values) { u.Path = "/" + database })
		if !isRefused {
			openedAt(t, address)
			continue
		}
		want := "the database has the encoding LATIN1, but Cardea needs UTF8: create another one with CREATE DATABASE name OWNER " + name(t, address) +
			" ENCODING 'UTF8' TEMPLATE template0"
		if got := problem(t, address, ""); !strings.Contains(got, want) {
			t.Error(got)
		}
	}
}

// PostgreSQL 14 is too old, 15 is not.
func TestTooOld(t *testing.T) {
	t.Parallel()
	if err := refuseOld(140_011); err == nil || err.Error() != "the server is PostgreSQL 14; Cardea needs 15 or later" {
		t.Error(err)
	}
	if err := refuseOld(150_000); err != nil {
		t.Error(err)
	}
}
