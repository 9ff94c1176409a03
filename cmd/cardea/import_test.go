package main

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // the driver of the Flask app's database

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// flaskHash is a hash of "simplepass" as Werkzeug makes it.
func flaskHash(t *testing.T) string {
	t.Helper()
	key, err := pbkdf2.Key(sha256.New, "simplepass", []byte("salt"), 1000, sha256.Size)
	if err != nil {
		t.Fatal(err)
	}
	return "pbkdf2:sha256:1000$salt$" + hex.EncodeToString(key)
}

// flaskApp makes the database of a Flask app, and returns what changes it.
func flaskApp(t *testing.T, file string, users ...[]any) (change func(query string, args ...any)) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	change = func(query string, args ...any) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
			t.Fatal(err)
		}
	}
	change(`CREATE TABLE user (id INTEGER PRIMARY KEY, name VARCHAR(80), email VARCHAR(120), password VARCHAR(200), profile_pic VARCHAR(200))`)
	for _, user := range users {
		change(`INSERT INTO user (id, name, email, password, profile_pic) VALUES (?, ?, ?, ?, ?)`, user...)
	}
	return change
}

// The users of a Flask app come with ids, passwords and pictures. What cannot come is
// reported. The import can be repeated.
func TestImportFlask(t *testing.T) {
	folder, hash := t.TempDir(), flaskHash(t)
	data, app, uploads := filepath.Join(folder, "data"), filepath.Join(folder, "app.db"), filepath.Join(folder, "uploads")
	change := flaskApp(t, app,
		[]any{2, "aruncs", "test@gmail.com", hash, "2_test.png"},
		[]any{3, " ", "Ada@example.com", hash, "3_photo.gif"},
		[]any{4, "Eve", "ADA@EXAMPLE.COM", hash, nil},
		[]any{5, "Bob", "bob", hash, nil},
		[]any{6, "Carol", "carol@example.com", "secret", nil},
		[]any{7, "Dan", "dan@example.com", hash, "7_gone.png"},
	)
	if err := os.Mkdir(uploads, 0o700); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(uploads, "2_test.png"), testkit.PNG(300, 200))
	writeFile(t, filepath.Join(uploads, "3_photo.gif"), testkit.GIF(80, 80))
	again := func(more ...string) *process {
		return runOn(t, data, "", append([]string{"import", "flask", "--from", app, "--uploads", uploads}, more...)...)
	}

	again().wantDone("6 rows: 3 imported, 3 rejected.", "1 bad email", "1 duplicate email", "1 unknown hash", "2 found", "1 missing", "nothing was changed")
	if _, err := os.Stat(data); !os.IsNotExist(err) {
		t.Error("a trial leaves a data folder")
	}
	report := filepath.Join(folder, "report.jsonl")
	again("--apply", "--report", report).wantDone("6 rows: 3 imported, 3 rejected.", "2 imported", "werkzeug")
	if lines := strings.Count(string(readFile(t, report)), "\n"); lines != 6 {
		t.Errorf("the report has %d lines", lines)
	}

	server := serve(t, data, cheap)
	test := testkit.NewClient(t, server.url)
	test.Login("test@gmail.com")
	if u := test.User(); u.ID != "2" || u.Name != "aruncs" || !strings.HasSuffix(pictureOf(u), "/uploads/2_test.png") {
		t.Errorf("the user is %+v", u)
	}
	test.Get("/uploads/2_test.png").Want(200)
	ada := testkit.NewClient(t, server.url)
	ada.Login("ada@example.com")
	if u := ada.User(); u.ID != "3" || u.Name != "Ada" || !strings.HasSuffix(pictureOf(u), "/uploads/3_photo.png") {
		t.Errorf("the user is %+v", u)
	}
	ada.Get("/uploads/3_photo.gif").Want(302)
	server.stop()

	again("--apply").wantDone("6 rows: 3 rejected, 3 unchanged.", "2 unchanged, 1 missing")
	change(`UPDATE user SET name = 'Daniel' WHERE id = 7`)
	change(`UPDATE user SET name = 'Arun' WHERE id = 2`)
	again("--apply").wantDone("1 updated", "1 kept", "1 changed here")
	runOn(t, data, "", "user", "show", "7").wantDone("Daniel")
	runOn(t, data, "", "user", "show", "2").wantDone("aruncs")
	runOn(t, data, "", "user", "delete", "7", "--yes").wantDone()
	change(`UPDATE user SET name = 'Danny' WHERE id = 7`)
	again("--apply").wantDone("1 deleted")
}

// An import that is killed goes on where it was, and doubles nothing.
func TestImportIsKilled(t *testing.T) {
	const users = 5000
	folder, hash := t.TempDir(), flaskHash(t)
	data, app := filepath.Join(folder, "data"), filepath.Join(folder, "app.db")
	change := flaskApp(t, app)
	change(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
		INSERT INTO user SELECT i, 'User ' || i, 'user' || i || '@example.com', ?, NULL FROM n`, users, hash)
	runOn(t, data, "", "import", "csv", "--from", writeFile(t, filepath.Join(folder, "empty.csv"), []byte("email,password\n")), "--apply").wantDone()
	p := launch(t, exec.CommandContext(t.Context(), binary, "import", "flask", "--from", app, "--apply", "--data", data))
	eventually(t, "a part is there", func() bool {
		return runOn(t, data, "", "user", "list", "--limit", "1", "--json").stdout.String() != ""
	})
	p.kill()
	done := decode[struct {
		Rows     int64
		Outcomes map[string]int64
	}](t, runOn(t, data, "", "import", "flask", "--from", app, "--apply", "--json").wantDone())
	if done.Rows != users || done.Outcomes["imported"]+done.Outcomes["unchanged"] != users || done.Outcomes["unchanged"] == 0 {
		t.Errorf("%+v", done)
	}
}

// What is exported comes back as it was, byte for byte: the sessions go on, too.
func TestExport(t *testing.T) {
	folder := t.TempDir()
	data, other := filepath.Join(folder, "data"), filepath.Join(folder, "other")
	server := serve(t, data, cheap)
	ada := testkit.NewClient(t, server.url)
	ada.Register("ada@example.com")
	ada.Upload("first.png", testkit.PNG(300, 200)).Want(200)
	ada.Upload("second.jpg", testkit.JPEG(90, 90)).Want(200)
	testkit.NewClient(t, server.url).Register("bob@example.com")
	export := filepath.Join(folder, "export.tar")
	runOn(t, data, "", "export", export).wantDone("2 users, 2 sessions, 1 picture")
	server.stop()

	runOn(t, other, "", "import", "cardea", "--from", export).wantDone("2 rows: 2 imported.", "nothing was changed")
	runOn(t, other, "", "import", "cardea", "--from", export, "--apply").wantDone("2 rows: 2 imported.")
	again := filepath.Join(folder, "again.tar")
	runOn(t, other, "", "export", again).wantDone()
	if string(readFile(t, export)) != string(readFile(t, again)) {
		t.Error("the second export is another one")
	}
	runOn(t, other, "", "import", "cardea", "--from", export, "--apply").wantDone("2 rows: 2 unchanged.")

	moved := serve(t, other, cheap)
	client := testkit.NewClient(t, moved.url)
	client.Cookie = ada.Cookie
	if u := client.User(); !strings.HasSuffix(pictureOf(u), "_second.jpg") {
		t.Errorf("the user is %+v", u)
	}
	client.Get("/uploads/" + client.User().ID + "_first.png").Want(302)
}

func pictureOf(u testkit.User) string {
	if u.Picture == nil {
		return ""
	}
	return *u.Picture
}
