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
	t.Parallel()
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

	again().wantDone("6 rows: 3 rejected, 3 would be imported.", "Table: user (rows: 6).", "1 bad email", "1 duplicate email", "1 unknown hash", "2 found", "1 missing", "nothing was changed")
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
	again("--apply").wantDone("2 updated") // a sign-in is no change
	runOn(t, data, "", "user", "show", "7").wantDone("Daniel")
	runOn(t, data, "", "user", "show", "2").wantDone("Arun")
	runOn(t, data, "", "user", "rename", "2", "--name", "Aruna").wantDone()
	change(`UPDATE user SET name = 'Arno', email = 'new@example.com' WHERE id = 2`)
	again("--apply").wantDone("1 kept", "1 changed here")
	runOn(t, data, "", "user", "show", "2").wantDone("Aruna", "new@example.com")
	runOn(t, data, "", "user", "delete", "7", "--yes").wantDone()
	change(`UPDATE user SET name = 'Danny' WHERE id = 7`)
	again("--apply").wantDone("1 deleted")
}

// Of two rows for one user the first one counts, on each run.
func TestImportOneUserTwice(t *testing.T) {
	t.Parallel()
	folder, hash := t.TempDir(), flaskHash(t)
	data, file := filepath.Join(folder, "data"), filepath.Join(folder, "users.csv")
	for _, c := range []struct{ head, first, second, reason string }{
		{"email,password,name", "victim@example.com,%,Victim", "Victim@Example.com,pbkdf2:sha256:1$x$00,Thief", "1 duplicate email"},
		{"id,email,password,name", "5,five@example.com,%,Victim", "5,thief@example.com,pbkdf2:sha256:1$x$00,Thief", "1 duplicate id"},
	} {
		text := strings.ReplaceAll(c.head+"\n"+c.first+"\n"+c.second+"\n", "%", hash)
		writeFile(t, file, []byte(text))
		runOn(t, data, "", "import", "csv", "--from", file, "--source", c.head[:2], "--apply").wantDone("1 imported, 1 rejected", c.reason)
		runOn(t, data, "", "import", "csv", "--from", file, "--source", c.head[:2], "--apply").wantDone("1 rejected, 1 unchanged", c.reason)
	}
	for _, email := range []string{"victim@example.com", "five@example.com"} {
		runOn(t, data, "", "user", "show", email).wantDone("Victim")
	}
}

// An app may give the id of a deleted user to the next one, who does not get the account here.
func TestImportAReusedID(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	data, file := filepath.Join(folder, "data"), filepath.Join(folder, "users.csv")
	bring := func(row string) *process {
		writeFile(t, file, []byte("id,email,password,created_at\n"+row+"\n"))
		return runOn(t, data, "", "import", "csv", "--from", file, "--without-password", "--apply")
	}
	bring("5,ann@example.com,,").wantDone("1 imported")
	bring("5,eve@example.com,,").wantDone("1 rejected", "1 another user")
	bring("5,eve@example.com,"+flaskHash(t)+",").wantDone("1 rejected", "1 another user")
	bring("6,bob@example.com,,2024-01-02").wantDone("1 imported")
	bring("6,eve@example.com,,2024-01-02").wantDone("1 rejected", "1 another user")
	bring("7,dan@example.com,,2024-01-02 03:04:05").wantDone("1 imported")
	bring("7,daniel@example.com,,2024-01-02 03:04:05").wantDone("1 updated")
	for id, email := range map[string]string{"5": "ann@example.com", "6": "bob@example.com", "7": "daniel@example.com"} {
		runOn(t, data, "", "user", "show", id).wantDone(email)
	}
}

// What changed there comes along: users who left are told, and suspended if that is asked for;
// the oldest of two users with one address comes; a verification stays.
func TestImportAgain(t *testing.T) {
	t.Parallel()
	folder, hash := t.TempDir(), flaskHash(t)
	data, app := filepath.Join(folder, "data"), filepath.Join(folder, "app.db")
	change := flaskApp(t, app, []any{1, "Ada", "ada@example.com", hash, nil}, []any{2, "Bob", "bob@example.com", hash, nil},
		[]any{3, "Young", "Eve@example.com", hash, nil}, []any{4, "Old", "eve@example.com", hash, nil})
	change(`ALTER TABLE user ADD created_at TEXT`)
	change(`ALTER TABLE user ADD is_active INTEGER`)
	change(`UPDATE user SET created_at = CASE id WHEN 4 THEN '2020-01-01' WHEN 3 THEN '2021-01-01' END`)
	again := func(more ...string) *process {
		return runOn(t, data, "", append([]string{"import", "flask", "--from", app, "--apply"}, more...)...)
	}
	again("--verified").wantDone("3 imported, 1 rejected", "3 verified")
	runOn(t, data, "", "user", "show", "4").wantDone("Old")
	change(`DELETE FROM user WHERE id = 1`)
	change(`UPDATE user SET is_active = 0, password = '!' WHERE id = 2`)
	again().wantDone("1 gone", "--suspend-gone", "1 losing the password")
	runOn(t, data, "", "user", "show", "4", "--json").wantDone(`"email_verified":true`)
	runOn(t, data, "", "user", "show", "2").wantDone("suspended")
	again("--suspend-gone").wantDone("1 gone")
	runOn(t, data, "", "user", "show", "1").wantDone("suspended")
	change(`INSERT INTO user (id, name, email, password) VALUES (1, 'Ada', 'ada@example.com', ?)`, hash)
	again().wantDone("1 updated")
	runOn(t, data, "", "user", "show", "1", "--json").wantDone(`"suspended_at":null`)
}

// A report replaces nothing that is read, and nobody else may read it.
func TestImportReport(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	data, app, report := filepath.Join(folder, "data"), filepath.Join(folder, "app.db"), filepath.Join(folder, "report.jsonl")
	flaskApp(t, app, []any{1, "Ada", "ada@example.com", flaskHash(t), nil})
	before := string(readFile(t, app))
	if err := os.Symlink(app, filepath.Join(folder, "link")); err != nil {
		t.Fatal(err)
	}
	refused := runOn(t, data, "", "import", "flask", "--from", app, "--report", filepath.Join(folder, "link"))
	if !strings.Contains(refused.stderr.String(), "would replace") || string(readFile(t, app)) != before {
		t.Errorf("%s", refused.stderr.String())
	}
	if err := os.WriteFile(report, nil, 0o644); err != nil { //nolint:gosec // the mode is what is tested
		t.Fatal(err)
	}
	runOn(t, data, "", "import", "flask", "--from", app, "--report", report).wantDone()
	if info, err := os.Stat(report); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	piped := runOn(t, data, "", "import", "flask", "--from", app, "--report", "-")
	if out := piped.stdout.String(); !strings.HasPrefix(out, `{"row":1,"id":"1"`) || strings.Count(out, "\n") != 1 {
		t.Errorf("%s", out)
	}
	if found, _ := filepath.Glob(filepath.Join(folder, ".cardea-scratch-*")); found != nil {
		t.Errorf("left: %q", found)
	}
}

// Root does not write into the data folder of another user.
func TestImportAsRoot(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give a folder to somebody else")
	}
	folder := t.TempDir()
	data, app := filepath.Join(folder, "data"), filepath.Join(folder, "app.db")
	flaskApp(t, app, []any{1, "Ada", "ada@example.com", flaskHash(t), nil})
	runOn(t, data, "", "import", "flask", "--from", app, "--apply").wantDone()
	if err := os.Chown(data, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	refused := runOn(t, data, "", "import", "flask", "--from", app, "--apply")
	if !strings.Contains(refused.stderr.String(), "sudo -u") {
		t.Errorf("%s", refused.stderr.String())
	}
}

// An import that is killed goes on where it was, and doubles nothing.
func TestImportIsKilled(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
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

	runOn(t, other, "", "import", "cardea", "--from", export).wantDone("2 rows: 2 would be imported.", "nothing was changed")
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
