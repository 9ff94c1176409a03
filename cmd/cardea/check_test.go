package main

import (
	"bytes"
	"database/sql"
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
)

type summary struct {
	OK                bool
	People, Pictures  int
	Problems, Removed int
	Error             string
}

// summaryOf runs a check that fails and returns the last line, and how many problems were told before.
func summaryOf(t *testing.T, data string, flags ...string) (s summary, told []problemJSON) {
	t.Helper()
	p := runOn(t, data, "", append([]string{"check", "--json"}, flags...)...)
	if code := p.wait(); code != exitFailed {
		t.Errorf("exit code %d", code)
	}
	lines := strings.Split(strings.TrimSuffix(p.stdout.String(), "\n"), "\n")
	for _, line := range lines[:len(lines)-1] {
		told = append(told, decode[problemJSON](t, line))
	}
	s = decode[summary](t, lines[len(lines)-1])
	if s.Problems+s.Removed != len(told) || (s.Error != "") != (p.stderr.String() != "") || s.OK {
		t.Errorf("%+v after %d problems, stderr %q", s, len(told), &p.stderr)
	}
	return s, told
}

// Programs find a summary on the last line, whatever keeps the check from its end.
func TestCheckAlwaysSumsUp(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	if s, _ := summaryOf(t, missing); !strings.Contains(s.Error, "no Cardea data here") {
		t.Errorf("no data: %+v", s)
	}
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
	runOn(t, data, "", "check", "--json").wantDone(`{"ok":true,"people":1`)
}

// damagePages writes over the pages at which some tables and their indexes begin,
// which are all that they have in a small database.
func damagePages(t *testing.T, data, which string) {
	t.Helper()
	path := filepath.Join(data, "cardea.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	roots := readColumn(t, db, `SELECT rootpage FROM sqlite_schema WHERE rootpage > 0 AND `+which)
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

// A database that is damaged inside does not keep the check from the rest.
func TestCheckOfADamagedDatabase(t *testing.T) {
	data := withPicture(t)
	damagePages(t, data, `tbl_name <> 'migrations'`)
	writeFile(t, filepath.Join(data, "pictures", "notes.txt"), nil)
	s, told := summaryOf(t, data)
	kinds := ""
	for _, p := range told {
		kinds += p.Problem + " "
	}
	if s.Error != "" || !strings.HasPrefix(kinds, "database ") || !strings.Contains(kinds, "stray ") {
		t.Errorf("%+v, %s", s, kinds)
	}
}

// A database with damage is not believed when it does not know a file.
func TestDamagedDatabaseCostsNoFiles(t *testing.T) {
	data := withPicture(t)
	file := filesIn(t, filepath.Join(data, "pictures"))[0]
	old := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(file, old, old); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(data, "cardea.db"))
	if err != nil {
		t.Fatal(err)
	}
	// Her session is left, and is nobody's.
	if _, err := db.ExecContext(t.Context(), `PRAGMA foreign_keys = off; DELETE FROM crops; DELETE FROM pictures; DELETE FROM users`); errors.Join(err, db.Close()) != nil {
		t.Fatal(err)
	}
	s, told := summaryOf(t, data, "--remove-orphans")
	if s.Problems != 2 || told[0].Problem != "database" || told[1].Problem != "file" {
		t.Errorf("%+v, %+v", s, told)
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("the picture was removed: %v", err)
	}
}

// withCrops is a data folder with a person whose picture and crops are files of their
// own, and old enough to be removed.
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

// Where the rows of crops cannot be read, or are lost, their files are kept, and what
// does not need them goes on.
func TestDamagedCropsCostNoFiles(t *testing.T) {
	for what, lose := range map[string]func(data string){
		"cannot be read":  func(data string) { damagePages(t, data, `tbl_name = 'crops'`) },
		"are not there":   func(data string) { alter(t, data, `DELETE FROM crops`) },
		"have no picture": func(data string) { alter(t, data, `PRAGMA foreign_keys = off; DELETE FROM pictures`) },
	} {
		t.Run(what, func(t *testing.T) {
			data, address, files := withCrops(t)
			lose(data)
			s, told := summaryOf(t, data, "--remove-orphans")
			if s.Error != "" || s.Removed != 0 || len(told) == 0 || told[0].Problem != "database" {
				t.Errorf("%+v, %+v", s, told)
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

// What is not a file in a picture's place is a problem as any other, and what is not
// Cardea's is told and left alone.
func TestCheckGoesOn(t *testing.T) {
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
	s, told := summaryOf(t, data, "--remove-orphans")
	if s.Problems != 5 || s.People != 1 || s.Pictures != 1 {
		t.Errorf("%+v, %+v", s, told)
	}
	kinds := map[string]string{}
	for _, p := range told {
		kinds[p.File] = p.Problem
	}
	for _, name := range strays {
		if _, err := os.Stat(filepath.Join(pictures, name)); err != nil || kinds[name] != "stray" {
			t.Errorf("%s is %q, %v", name, kinds[name], err)
		}
	}
	if kinds[filepath.Base(file)] != "picture" {
		t.Errorf("%+v", told)
	}

	backup := filepath.Join(t.TempDir(), "b.tar")
	runOn(t, data, "", "backup", backup).wantEnd(exitFailed, "not a regular file", "--skip-damaged")
	p := runOn(t, data, "", "backup", backup, "--skip-damaged")
	if code := p.wait(); code != exitFailed || p.stderr.String() != "" || !strings.HasPrefix(p.stdout.String(), "picture: ") {
		t.Errorf("exit code %d: %s%s", code, &p.stdout, &p.stderr)
	}
	runOn(t, filepath.Join(t.TempDir(), "restored"), "", "restore", backup).wantDone("1 person, 1 session, 0 pictures")
}

// alter runs statements on a database that nobody serves.
func alter(t *testing.T, data, statements string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(data, "cardea.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), statements); errors.Join(err, db.Close()) != nil {
		t.Fatal(err)
	}
}

// A database without its tables, or with others, is damaged: a line says so for each
// of them, and there is no backup of it.
func TestCheckOfTables(t *testing.T) {
	for statements, want := range map[string][]string{
		"DROP TABLE attempts; DROP INDEX audit_by_time": {"the index attempts_by_time is missing", "the index audit_by_time is missing", "the table attempts is missing"},
		"ALTER TABLE users ADD COLUMN admin INTEGER":    {"the table users is not as Cardea makes it"},
		"CREATE TABLE notes (n)":                        {"the table notes is not one of Cardea's"},
	} {
		data := withPicture(t)
		alter(t, data, statements)
		_, told := summaryOf(t, data)
		var got []string
		for _, p := range told {
			if p.Problem == "database" {
				got = append(got, p.Message)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q", statements, got)
		}
		runOn(t, data, "", "backup", filepath.Join(t.TempDir(), "b.tar")).wantEnd(exitFailed, "the database is damaged")
	}
}

func TestCheckOfPeople(t *testing.T) {
	data := withPicture(t)
	alter(t, data, `UPDATE users SET password_hash = 'secret'`)
	wantProblem(t, data, "person: the password hash of person ", "1 problem found")
	alter(t, data, `UPDATE users SET email_key = 'Ann@example.com'`)
	wantProblem(t, data, "person: the e-mail address of person ", "2 problems found")
}

// A backup with a foreign database and a matching manifest is refused.
func TestRestoreOfOtherTables(t *testing.T) {
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
