package main

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
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
	p := operate(t, data, "", append([]string{"check", "--json"}, flags...)...)
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
	operate(t, data, "", "check", "--json").wantDone(`{"ok":true,"people":1`)
}

// A database that is damaged inside does not keep the check from the rest.
func TestCheckOfADamagedDatabase(t *testing.T) {
	data := withPicture(t)
	database := filepath.Join(data, "cardea.db")
	content := readFile(t, database)
	const page = 4096
	for _, number := range pagesOfPeople(t, database) {
		for at := (number - 1) * page; at < number*page; at++ {
			content[at] ^= 0xff
		}
	}
	writeFile(t, database, content)
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

// pagesOfPeople are the numbers of the pages at which the tables begin, but for
// those without which a database cannot be opened.
func pagesOfPeople(t *testing.T, database string) (pages []int) {
	t.Helper()
	db, err := sql.Open("sqlite", database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it was only read
	for _, number := range readColumn(t, db, `SELECT rootpage FROM sqlite_schema WHERE tbl_name <> 'migrations'`) {
		page, err := strconv.Atoi(number)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, page)
	}
	return pages
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
	operate(t, data, "", "backup", backup).wantEnd(exitFailed, "something else than a file is in its place", "--skip-damaged")
	p := operate(t, data, "", "backup", backup, "--skip-damaged")
	if code := p.wait(); code != exitFailed || p.stderr.String() != "" || !strings.HasPrefix(p.stdout.String(), "picture: ") {
		t.Errorf("exit code %d: %s%s", code, &p.stdout, &p.stderr)
	}
	operate(t, filepath.Join(t.TempDir(), "restored"), "", "restore", backup).wantDone("1 person, 1 session, 0 pictures")
}
