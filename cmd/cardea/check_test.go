package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/archive"
	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

func TestCheckFindsDamage(t *testing.T) {
	t.Parallel()
	data := withPicture(t)
	pictures := filepath.Join(data, "pictures")
	file := filesIn(t, pictures)[0]
	good := readFile(t, file)

	if err := os.WriteFile(file, append(bytes.Clone(good), 'x'), 0o600); err != nil {
		t.Fatal(err)
	}
	wantProblem(t, data, "not what was stored")
	runOn(t, data, "", "backup", filepath.Join(t.TempDir(), "b.tar")).wantEnd(exitFailed, "not what was stored", "--skip-damaged")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	wantProblem(t, data, "is missing")
	if err := os.WriteFile(file, good, 0o600); err != nil {
		t.Fatal(err)
	}

	foreign, young, old := filepath.Join(pictures, "notes.txt"), filepath.Join(pictures, "ab", "abyoung"), filepath.Join(pictures, "ab", "abold.tmp")
	if err := os.MkdirAll(filepath.Dir(young), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{foreign, young, old} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	past := time.Now().Add(-2 * time.Hour)
	for _, path := range []string{foreign, old} {
		if err := os.Chtimes(path, past, past); err != nil {
			t.Fatal(err)
		}
	}
	wantProblem(t, data, "abyoung", "abold", "stray: notes.txt", "3 problems")
	p := runOn(t, data, "", "check", "--remove-orphans", "--json")
	if code := p.wait(); code != exitFailed || !strings.Contains(p.stdout.String(), `"removed":true`) ||
		!strings.HasSuffix(p.stdout.String(), `{"ok":false,"users":1,"sessions":1,"pictures":1,"secret_key":"present","problems":2,"removed":1}`+"\n") {
		t.Errorf("exit code %d: %s", code, &p.stdout)
	}
	if left := filesIn(t, pictures); !slices.Contains(left, foreign) || !slices.Contains(left, young) || slices.Contains(left, old) || len(left) != 3 {
		t.Errorf("left: %v", left)
	}
}

// wantProblem fails the test unless a check exits with 1 and prints all of the words.
func wantProblem(t *testing.T, data string, words ...string) {
	t.Helper()
	p := runOn(t, data, "", "check")
	if code := p.wait(); code != exitFailed || p.stderr.String() != "" {
		t.Errorf("exit code %d, stderr %s", code, &p.stderr)
	}
	for _, word := range words {
		if !strings.Contains(p.stdout.String(), word) {
			t.Errorf("not %q in:\n%s", word, &p.stdout)
		}
	}
}

type summary struct {
	OK                bool
	Users, Pictures   int
	Problems, Removed int
	Error             string
}

// summaryOf runs a check that fails, and returns the summary in the last line and the
// problems before it.
func summaryOf(t *testing.T, data string, flags ...string) (s summary, found []problemJSON) {
	t.Helper()
	p := runOn(t, data, "", append([]string{"check", "--json"}, flags...)...)
	if code := p.wait(); code != exitFailed {
		t.Errorf("exit code %d", code)
	}
	lines := strings.Split(strings.TrimSuffix(p.stdout.String(), "\n"), "\n")
	for _, line := range lines[:len(lines)-1] {
		found = append(found, decode[problemJSON](t, line))
	}
	s = decode[summary](t, lines[len(lines)-1])
	if s.Problems+s.Removed != len(found) || (s.Error != "") != (p.stderr.String() != "") || s.OK {
		t.Errorf("%+v after %d problems, stderr %q", s, len(found), &p.stderr)
	}
	return s, found
}

// The last line is a summary, even if the check could not finish.
func TestCheckAlwaysSumsUp(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing")
	if s, _ := summaryOf(t, missing); !strings.Contains(s.Error, "no Cardea data here") {
		t.Errorf("no data: %+v", s)
	}
	house.OnlySQLite(t, "it writes something else into the file")
	data := withPicture(t)
	database := filepath.Join(data, "cardea.db")
	good := readFile(t, database)
	for what, c := range map[string]struct{ content, says string }{
		"empty":          {"", "is empty"},
		"something else": {strings.Repeat("no database ", 1000), "the database is damaged; stop the server and restore a backup"},
	} {
		writeFile(t, database, []byte(c.content))
		if s, _ := summaryOf(t, data); !strings.Contains(s.Error, c.says) {
			t.Errorf("%s: %+v", what, s)
		}
	}
	writeFile(t, database, good)
	runOn(t, data, "", "check", "--json").wantDone(`{"ok":true,"users":1`)
}

// damageTables makes tables unreadable. In the file of SQLite it overwrites their first pages and
// those of their indexes; in a small database those are all their pages.
func damageTables(t *testing.T, data string, tables ...string) {
	t.Helper()
	if house.OnPostgres() {
		alter(t, data, `DROP TABLE `+strings.Join(tables, ", ")+` CASCADE`)
		return
	}
	path := filepath.Join(data, "cardea.db")
	db := openDatabase(t, data)
	roots := readColumn(t, db, `SELECT rootpage FROM sqlite_schema WHERE rootpage > 0 AND tbl_name IN ('`+strings.Join(tables, "', '")+`')`)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	const page = 4096
	content := readFile(t, path)
	for _, root := range roots {
		n, err := strconv.Atoi(root)
		if err != nil {
			t.Fatal(err)
		}
		copy(content[(n-1)*page:n*page], bytes.Repeat([]byte{0xff}, page))
	}
	writeFile(t, path, content)
}

// After damage in the database the check continues with the rest.
func TestCheckOfADamagedDatabase(t *testing.T) {
	t.Parallel()
	data := withPicture(t)
	damageTables(t, data, "users", "sessions", "pictures", "crops", "orphans", "attempts", "audit")
	writeFile(t, filepath.Join(data, "pictures", "notes.txt"), nil)
	s, found := summaryOf(t, data)
	kinds := ""
	for _, p := range found {
		kinds += p.Problem + " "
	}
	if s.Error != "" || !strings.HasPrefix(kinds, "database ") || !strings.Contains(kinds, "stray ") {
		t.Errorf("%+v, %s", s, kinds)
	}
}

// If the database is damaged, files that it does not name are kept.
func TestDamagedDatabaseCostsNoFiles(t *testing.T) {
	t.Parallel()
	data := withPicture(t)
	file := filesIn(t, filepath.Join(data, "pictures"))[0]
	old := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(file, old, old); err != nil {
		t.Fatal(err)
	}
	// The session is left without a user.
	alter(t, data, withoutReference("sessions")+`DELETE FROM crops; DELETE FROM pictures; DELETE FROM users`)
	s, found := summaryOf(t, data, "--remove-orphans")
	if s.Problems != 2 || found[0].Problem != "database" || found[1].Problem != "file" {
		t.Errorf("%+v, %+v", s, found)
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("the picture was removed: %v", err)
	}
}

// withCrops makes a data folder with a user whose picture and crops are separate files, and
// old enough to be removed.
func withCrops(t *testing.T) (data, address string, files []string) {
	t.Helper()
	data = t.TempDir()
	s := serve(t, data, cheap)
	ann := s.client()
	ann.Post("/api/register", testkit.Registration("Ann", "ann@example.com", "simplepass")).Want(201)
	address = strings.TrimPrefix(ann.Upload("face.png", testkit.EncodePNG(testkit.Noise(300, false))).Want(200).Envelope().Picture, s.url)
	s.stop()
	files = filesIn(t, filepath.Join(data, "pictures"))
	for _, file := range files {
		old := time.Now().Add(-2 * time.Hour)
		if err := os.Chtimes(file, old, old); err != nil {
			t.Fatal(err)
		}
	}
	return data, address, files
}

// If the rows of crops cannot be read or are lost, their files are kept. Everything else
// works.
func TestDamagedCropsCostNoFiles(t *testing.T) {
	t.Parallel()
	for what, lose := range map[string]func(t *testing.T, data string){
		"cannot be read":  func(t *testing.T, data string) { damageTables(t, data, "crops") },
		"are lost":        func(t *testing.T, data string) { alter(t, data, `DELETE FROM crops`) },
		"have no picture": func(t *testing.T, data string) { alter(t, data, withoutReference("crops")+`DELETE FROM pictures`) },
	} {
		t.Run(what, func(t *testing.T) {
			data, address, files := withCrops(t)
			lose(t, data)
			s, found := summaryOf(t, data, "--remove-orphans")
			if s.Error != "" || s.Removed != 0 || len(found) == 0 || found[0].Problem != "database" {
				t.Errorf("%+v, %+v", s, found)
			}
			server := serve(t, data, cheap)
			server.client().Post("/api/login", testkit.Credentials("ann@example.com", "simplepass")).Want(200)
			if what != "have no picture" {
				server.client().Get(address).Want(200)
			}
			if what == "cannot be read" {
				server.client().Get(address+"?size=64").WantError(503, "unavailable")
			}
			server.stop()
			if left := filesIn(t, filepath.Join(data, "pictures")); !slices.Equal(left, files) {
				t.Errorf("left: %v, want %v", left, files)
			}
		})
	}
}

// A folder in the place of a picture is a problem like any other. Files that are not
// Cardea's are reported and kept.
func TestCheckContinues(t *testing.T) {
	t.Parallel()
	data := withPicture(t)
	pictures := filepath.Join(data, "pictures")
	file := filesIn(t, pictures)[0]
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(file, 0o700); err != nil {
		t.Fatal(err)
	}
	strays := []string{"notes.txt", ".hidden", "photos", filepath.Join(filepath.Base(filepath.Dir(file)), "UPPER")}
	for _, name := range strays {
		writeFile(t, filepath.Join(pictures, name), nil)
	}
	s, found := summaryOf(t, data, "--remove-orphans")
	if s.Problems != 5 || s.Users != 1 || s.Pictures != 1 {
		t.Errorf("%+v, %+v", s, found)
	}
	kinds := map[string]string{}
	for _, p := range found {
		kinds[p.File] = p.Problem
	}
	for _, name := range strays {
		if _, err := os.Stat(filepath.Join(pictures, name)); err != nil || kinds[name] != "stray" {
			t.Errorf("%s is %q, %v", name, kinds[name], err)
		}
	}
	if kinds[filepath.Base(file)] != "picture" {
		t.Errorf("%+v", found)
	}

	backup := filepath.Join(t.TempDir(), "b.tar")
	runOn(t, data, "", "backup", backup).wantEnd(exitFailed, "not a regular file", "--skip-damaged")
	p := runOn(t, data, "", "backup", backup, "--skip-damaged")
	if code := p.wait(); code != exitFailed || p.stderr.String() != "" || !strings.HasPrefix(p.stdout.String(), "picture: ") {
		t.Errorf("exit code %d: %s%s", code, &p.stdout, &p.stderr)
	}
	runOn(t, filepath.Join(t.TempDir(), "restored"), "", "restore", backup).wantDone("1 user, 1 session, 0 pictures")
}

// alter runs statements on a database that no server uses.
func alter(t *testing.T, data, statements string) {
	t.Helper()
	db := openDatabase(t, data)
	if _, err := db.ExecContext(t.Context(), statements); errors.Join(err, db.Close()) != nil {
		t.Fatal(err)
	}
}

// withoutReference is a statement that lets a table refer to rows which are missing.
func withoutReference(table string) string {
	if house.OnPostgres() {
		return `ALTER TABLE ` + table + ` DROP CONSTRAINT ` + table + `_user_id_fkey; `
	}
	return `PRAGMA foreign_keys = off; `
}

// A database without its tables, or with other ones, is damaged. A line names each
// difference, and a backup of a file is refused. For a server see [TestBackupOfAChangedSchema].
func TestCheckOfTables(t *testing.T) {
	t.Parallel()
	cases := map[string][]string{
		"DROP TABLE attempts; DROP INDEX audit_by_time": {"the index attempts_by_time is missing", "the index audit_by_time is missing", "the table attempts is missing"},
		"ALTER TABLE users ADD COLUMN admin INTEGER":    {"the table users is not as Cardea makes it"},
		"CREATE TABLE notes (n)":                        {"the table notes is not one of Cardea's"},
	}
	if house.OnPostgres() { // where other tables in the schema do no harm
		cases = map[string][]string{
			"DROP INDEX audit_by_time; ALTER TABLE attempts DROP COLUMN at CASCADE": {
				"the column attempts.at is missing", "the constraint attempts.attempts_pkey is missing",
				"the index attempts_by_time is missing", "the index attempts_pkey is missing", "the index audit_by_time is missing",
			},
			"ALTER TABLE users ALTER name DROP NOT NULL": {`the column users.name is not as Cardea makes it: text COLLATE C`},
		}
	}
	for statements, want := range cases {
		data := withPicture(t)
		alter(t, data, statements)
		_, found := summaryOf(t, data)
		var got []string
		for _, p := range found {
			if p.Problem == "database" {
				got = append(got, p.Message)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q", statements, got)
		}
		if !house.OnPostgres() {
			runOn(t, data, "", "backup", filepath.Join(t.TempDir(), "b.tar")).wantEnd(exitFailed, "the database is damaged")
		}
	}
}

func TestCheckOfUsers(t *testing.T) {
	t.Parallel()
	data := withPicture(t)
	alter(t, data, `UPDATE users SET password_hash = '$2b$31$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW'`) // takes hours
	wantProblem(t, data, "user: the password hash of user ", "1 problem found")
	for _, fine := range []string{"", "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW"} {
		alter(t, data, `UPDATE users SET password_hash = '`+fine+`'`)
		if p := runOn(t, data, "", "check"); p.wait() != 0 {
			t.Errorf("%q: %s", fine, &p.stdout)
		}
	}
	alter(t, data, `UPDATE users SET password_hash = 'secret'`)
	wantProblem(t, data, "user: the password hash of user ", "1 problem found")
	alter(t, data, `UPDATE users SET email_key = 'Ann@example.com'`)
	wantProblem(t, data, "user: the e-mail address of user ", "2 problems found")
}

// A backup with a foreign database and a matching manifest is refused.
func TestRestoreOfOtherTables(t *testing.T) {
	t.Parallel()
	house.OnlySQLite(t, "it puts the file into a backup")
	data, file := backedUp(t)
	alter(t, data, "DROP TABLE attempts")
	database := readFile(t, filepath.Join(data, "cardea.db"))
	forged := forge(t, readFile(t, file), archive.KindDatabase, database)
	to := filepath.Join(t.TempDir(), "restored")
	runOn(t, to, "", "restore", writeFile(t, file, forged)).wantEnd(exitFailed, file, "the table attempts is missing")
	if _, err := os.Stat(to); err == nil {
		t.Error("something is left")
	}
}
