package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// A picture that was replaced or removed there is so here, unless the user has chosen another one.
func TestImportPicturesAgain(t *testing.T) {
	t.Parallel()
	folder, hash := t.TempDir(), flaskHash(t)
	data, app, uploads := filepath.Join(folder, "data"), filepath.Join(folder, "app.db"), filepath.Join(folder, "uploads")
	change := flaskApp(t, app, []any{2, "Ada", "ada@example.com", hash, "2_a.png"}, []any{3, "Bob", "bob@example.com", hash, "3_b.png"},
		[]any{4, "Eve", "eve@example.com", hash, "4_e.png"})
	if err := os.Mkdir(uploads, 0o700); err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"2_a.png", "3_b.png", "4_e.png"} {
		writeFile(t, filepath.Join(uploads, name), testkit.PNG(20+i, 20))
	}
	writeFile(t, filepath.Join(uploads, "2_text.png"), []byte("no picture"))
	again := func(more ...string) *process {
		return runOn(t, data, "", append([]string{"import", "flask", "--from", app, "--uploads", uploads}, more...)...)
	}
	again("--apply").wantDone("3 rows: 3 imported.", "3 imported")
	server := serve(t, data, cheap)
	eve := testkit.NewClient(t, server.url)
	eve.Login("eve@example.com")
	eve.Upload("own.png", testkit.PNG(50, 50)).Want(200)
	server.stop()
	change(`UPDATE user SET profile_pic = NULL WHERE id <> 3`)
	writeFile(t, filepath.Join(uploads, "3_b.png"), testkit.PNG(40, 40))
	again().wantDone("3 rows: 2 would be updated, 1 unchanged.", "1 found, 1 kept, 1 would be removed")
	runOn(t, data, "", "import", "flask", "--from", app, "--apply", "--uploads", uploads, "--query", "SELECT id, name, email, password FROM user").
		wantDone("3 rows: 3 unchanged.") // no column says who has a picture
	again("--apply").wantDone("3 rows: 2 updated, 1 unchanged.", "1 imported, 1 kept, 1 removed")
	again("--apply").wantDone("3 rows: 3 unchanged.", "1 kept, 1 unchanged")
	server = serve(t, data, cheap)
	testkit.NewClient(t, server.url).Get("/uploads/2_a.png").Want(404)
	testkit.NewClient(t, server.url).Get("/uploads/3_b.png").Want(200)
	server.stop()
	change(`UPDATE user SET profile_pic = '2_text.png' WHERE id = 2`)
	want := `"picture":"unreadable","picture_reason":"it is damaged, too large, or no picture that is taken: text"`
	again("--apply").wantDone("1 unreadable")
	if report := again("--report", "-").stdout.String(); !strings.Contains(report, want) {
		t.Errorf("%s", report)
	}
}

// A CSV file without an id says that users get new ones, and the report says what was changed.
func TestImportSaysWhatIsLost(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	data, file := filepath.Join(folder, "data"), filepath.Join(folder, "users.csv")
	text := "number,email,password,name,is_active\n1,ada@example.com,%,Ada\x1b,inactive\n"
	writeFile(t, file, []byte(strings.ReplaceAll(text, "%", flaskHash(t))))
	runOn(t, data, "", "import", "csv", "--from", file).wantDone("No column for the id: users get new ids; name it by --map id=COLUMN.",
		"1 would be imported", "1 suspended", "1 unclear suspension", "cannot be read: 1 active", "cut or mended: 1 name", "add --report FILE")
	report := runOn(t, data, "", "import", "csv", "--from", file, "--report", "-").stdout.String()
	for _, want := range []string{`"reason":"unclear_suspension"`, `"unclear":["active"],"changed":["name"]`} {
		if !strings.Contains(report, want) {
			t.Errorf("%s", report)
		}
	}
	mapped := runOn(t, data, "", "import", "csv", "--from", file, "--map", "id=number").wantDone("id from number")
	if strings.Contains(mapped, "new ids") {
		t.Errorf("%s", mapped)
	}
}

// What an import left behind that was killed is removed by the next one, even if that needs no such
// folder. No copy of the source is made in the working folder.
func TestImportRemovesLeftovers(t *testing.T) {
	folder, temporary := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", temporary)
	data, app := filepath.Join(folder, "data"), filepath.Join(folder, "app.db")
	flaskApp(t, app, []any{1, "Ada", "ada@example.com", flaskHash(t), nil})
	file := writeFile(t, filepath.Join(folder, "empty.csv"), []byte("email,password\n"))
	for _, args := range [][]string{{"flask", "--from", app}, {"flask", "--from", app, "--apply"}, {"csv", "--from", file, "--apply"}} {
		for _, in := range []string{data, temporary} {
			if _, err := os.Stat(in); err == nil {
				dead := filepath.Join(in, ".cardea-scratch-dead")
				if err := os.Mkdir(dead, 0o700); err != nil {
					t.Fatal(err)
				}
				writeFile(t, filepath.Join(dead, "lock"), nil)
			}
		}
		runOn(t, data, "", append([]string{"import"}, args...)...).wantDone()
		for _, in := range []string{folder, data, temporary} {
			if found, _ := filepath.Glob(filepath.Join(in, ".cardea-scratch-*")); found != nil {
				t.Errorf("%q: left: %q", args, found)
			}
		}
	}
}
