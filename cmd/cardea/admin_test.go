package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// runOn runs an operator's command with that standard input to its end.
func runOn(t testing.TB, data, stdin string, args ...string) *process {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, append(args, "--data", data)...)
	cmd.Dir = t.TempDir()
	cmd.Stdin = strings.NewReader(stdin)
	p := launch(t, cmd, cheap[:2]...)
	p.wait()
	return p
}

// wantDone fails the test unless the command succeeded, logged nothing but events,
// and printed all of the words.
func (p *process) wantDone(words ...string) string {
	p.t.Helper()
	if code := p.wait(); code != exitOK {
		p.t.Fatalf("%s: exit code %d, stderr:\n%s", p.cmd, code, &p.stderr)
	}
	p.events()
	for _, word := range words {
		if !strings.Contains(p.stdout.String(), word) {
			p.t.Errorf("%s: stdout does not say %q:\n%s", p.cmd, word, &p.stdout)
		}
	}
	return p.stdout.String()
}

// decode reads JSON that a command printed.
func decode[T any](t testing.TB, text string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

// filesIn lists the files below a folder.
func filesIn(t testing.TB, folder string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// What operators do is what the server shows, within a second.
func TestUserCommandsBesideAServer(t *testing.T) {
	data := t.TempDir()
	s := serve(t, data, cheap[:2]) // with throttling

	id := decode[testkit.User](t, runOn(t, data, "simplepass\nnot this", "user", "add", "--json", "--name", " Ann ", "--email", "Ann@Example.com").wantDone()).ID
	ann := s.client()
	ann.Post("/api/login", testkit.Credentials("ann@example.com", "simplepass")).Want(http.StatusOK)
	ann.Upload("face.png", testkit.PNG(20, 20)).Want(http.StatusOK)
	runOn(t, data, "", "user", "show", "ANN@example.COM").wantDone(id, "Ann", "/uploads/"+id+"_face.png", "image/png", "127.0.0.1")
	runOn(t, data, "", "user", "show", id, "--audit").wantDone("picture_changed", "registered")
	runOn(t, data, "", "user", "show", id, "--audit", "--json").wantDone(`"event":"picture_changed"`)
	shown := decode[struct {
		testkit.User
		Path     string `json:"profile_pic_path"`
		Sessions []testkit.Session
	}](t, runOn(t, data, "", "user", "show", id, "--json").wantDone())
	if shown.Email != "Ann@Example.com" || shown.Path != "/uploads/"+id+"_face.png" || len(shown.Sessions) != 1 {
		t.Errorf("%+v", shown)
	}

	for range 10 { // until she is throttled
		s.client().Post("/api/login", testkit.Credentials("ann@example.com", "wrong password")).Want(http.StatusUnauthorized)
	}
	runOn(t, data, "another password", "user", "set-password", "ann@example.com").wantDone("1 session ended")
	eventually(t, "her session has ended", func() bool { return ann.Get("/api/user").Status == http.StatusUnauthorized })
	s.client().Post("/api/login", testkit.Credentials("ann@example.com", "simplepass")).Want(http.StatusUnauthorized)
	ann.Post("/api/login", testkit.Credentials("ann@example.com", "another password")).Want(http.StatusOK)
	runOn(t, data, "", "user", "end-sessions", id, "--json").wantDone(`"ended_sessions":1`, id)
	eventually(t, "her session has ended", func() bool { return ann.Get("/api/user").Status == http.StatusUnauthorized })

	ann.Post("/api/login", testkit.Credentials("ann@example.com", "another password")).Want(http.StatusOK)
	runOn(t, data, "", "user", "delete", " ann@EXAMPLE.com", "--yes").wantDone("Deleted Ann@Example.com")
	runOn(t, data, "", "user", "show", id, "--audit").wantDone("Nobody has the id "+id, "user_deleted", "operator")
	eventually(t, "her session has ended", func() bool { return ann.Get("/api/user").Status == http.StatusUnauthorized })
	ann.Get("/uploads/" + id + "_face.png").Want(http.StatusNotFound)
	s.client().Post("/api/login", testkit.Credentials("ann@example.com", "another password")).Want(http.StatusUnauthorized)
	if left := filesIn(t, filepath.Join(data, "pictures")); len(left) != 0 {
		t.Errorf("left in the storage: %v", left)
	}
	runOn(t, data, "", "check").wantDone("All is well: 0 people")
	s.stop()
}

func TestUserListInPages(t *testing.T) {
	data := t.TempDir()
	serve(t, data, cheap).stop()
	runOn(t, data, "", "user", "list").wantDone("Nobody.")
	for _, name := range []string{"cyd", "Ann", "boris", "bob"} {
		runOn(t, data, "simplepass", "user", "add", "--name", name, "--email", name+"@example.com").wantDone("Added " + name + "@")
	}
	names := func(args ...string) (names []string) {
		for line := range strings.Lines(runOn(t, data, "", append([]string{"user", "list", "--json"}, args...)...).wantDone()) {
			names = append(names, decode[testkit.User](t, line).Name)
		}
		return names
	}
	for _, c := range []struct{ args, want string }{
		{"", "[Ann bob boris cyd]"},
		{"--limit 3", "[Ann bob boris]"},
		{"--limit 3 --after BORIS@example.com", "[cyd]"},
		{"--search bO", "[bob boris]"},
		{"--search bo --after bob@example.com", "[boris]"},
		{"--search bo --after aaa@example.com --limit 1", "[bob]"},
		{"--search x", "[]"},
		{"--search bob@example.com", "[bob]"},
	} {
		if got := fmt.Sprint(names(strings.Fields(c.args)...)); got != c.want {
			t.Errorf("%s: %s, want %s", c.args, got, c.want)
		}
	}
	page := runOn(t, data, "", "user", "list", "--limit", "2").wantDone("go on with --after bob@example.com")
	if lines := strings.Split(page, "\n"); strings.Index(lines[0], "NAME") != strings.Index(lines[2], "bob  ") {
		t.Errorf("not aligned:\n%s", page)
	}
	if all := runOn(t, data, "", "user", "list", "--limit", "4").wantDone(); strings.Contains(all, "--after") {
		t.Errorf("nobody is left:\n%s", all)
	}
}

// Each refusal is one line that says what to do, and changes nothing.
func TestCommandsRefuse(t *testing.T) {
	data := t.TempDir()
	serve(t, data, cheap).stop()
	runOn(t, data, "simplepass", "user", "add", "--name", "Ann", "--email", "ann@example.com").wantDone()
	missing := filepath.Join(t.TempDir(), "missing")
	notBackup := filepath.Join(t.TempDir(), "not.tar")
	if err := os.WriteFile(notBackup, []byte(strings.Repeat("not a tar file\n", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		data, stdin, args string
		code              int
		says              string
	}{
		{data, "", "user show bob@example.com", exitFailed, `"bob@example.com"`},
		{data, "", "user show bob", exitFailed, `"bob"`},
		{data, "x", "user set-password bob", exitFailed, "nobody"},
		{data, "", "user end-sessions bob", exitFailed, "nobody"},
		{data, "", "user delete bob --yes", exitFailed, "nobody"},
		{data, "", "user delete ann@example.com", exitUsage, "--yes"},
		{data, "simplepass", "user add --name Ann --email ANN@example.com", exitFailed, "exists already"},
		{data, "short", "user add --name Bob --email bob@example.com", exitFailed, "too short"},
		{data, "", "user add --name Bob --email bob@example.com", exitUsage, "standard input"},
		{data, "password1", "user set-password ann@example.com", exitFailed, "commonest"},
		{data, "simplepass", "user add --name Bob --email bob", exitFailed, "name@example.com"},
		{data, "simplepass", "user add --name Bob", exitUsage, "--email"},
		{data, "", "user add --password simplepass", exitUsage, "no flag --password"},
		{data, "", "user list --limit 0", exitUsage, "positive"},
		{data, "", "user list --limit abc", exitUsage, `--limit: "abc" is not allowed: a positive whole number`},
		{data, "", "user list --limit 99999999999999999999", exitUsage, "positive"},
		{data, "", "user list --json=perhaps", exitUsage, `--json: "perhaps" is not allowed: true or false`},
		{data, "", "user list ---json", exitUsage, "no flag ---json"},
		{data, "", "user list ann", exitUsage, `no argument "ann"`},
		{data, "", "user show", exitUsage, "needs one WHO"},
		{data, "", "user show a b", exitUsage, "needs one WHO"},
		{data, "", "user rename ann", exitUsage, "user --help"},
		{data, "", "user list --listen 127.0.0.1:1", exitUsage, "no flag --listen"},
		{data, "", "backup " + notBackup, exitFailed, "exists already"},
		{data, "", "backup " + missing + "/b.tar", exitFailed, "cannot write to the folder " + missing + ": no such file"},
		{data, "", "backup", exitUsage, "needs one FILE"},
		{data, "", "restore " + notBackup, exitFailed, "not empty"},
		{missing, "", "restore " + notBackup, exitFailed, "not a backup"},
		{missing, "", "restore " + missing + ".tar", exitFailed, "cannot read the backup " + missing + ".tar: no such file"},
		{missing, "", "restore " + filepath.Dir(missing), exitFailed, "is a folder"},
		{missing, "", "restore -", exitFailed, "not a backup of Cardea, or a damaged one: it ends too early"},
		{missing, "\x1f\x8b", "restore -", exitFailed, "gunzip it first: gunzip | cardea restore -"},
		{data, "", "restore -", exitFailed, "not empty"},
		{missing, "", "check", exitFailed, "no Cardea data"},
		{missing, "", "user list", exitFailed, "--data"},
		{"", "", "check", exitUsage, `--data: ""`},
		{data, "", "check --database postgres://x", exitUsage, "SQLite file"},
	} {
		runOn(t, c.data, c.stdin, strings.Fields(c.args)...).wantEnd(c.code, c.says)
	}
	runOn(t, data, "", "check").wantDone("All is well: 1 person, 0 sessions, 0 pictures")
	if _, err := os.Stat(missing); err == nil {
		t.Error("a folder was made")
	}
}

// Everybody who was there at the time of a backup is there after its restoration,
// is signed in, and has a picture, however much went on meanwhile.
func TestBackupUnderLoad(t *testing.T) {
	data, dir := t.TempDir(), t.TempDir()
	s := serve(t, data, cheap)
	const people = 6
	clients := make([]*testkit.Client, people)
	for i := range clients {
		clients[i] = s.client()
		clients[i].Post("/api/register", testkit.Registration("P", fmt.Sprintf("p%d@example.com", i), "simplepass")).Want(http.StatusCreated)
		clients[i].Upload("first.png", testkit.PNG(20, 20)).Want(http.StatusOK)
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for i, c := range clients[1:] { // the first one does nothing
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				c.Upload(fmt.Sprintf("p%d.png", n), testkit.PNG(20, 20)).Want(http.StatusOK)
				s.client().Post("/api/register", testkit.Registration("P", fmt.Sprintf("new%d-%d@example.com", i, n), "simplepass")).Want(http.StatusCreated)
			}
		})
	}
	const backups = 4
	for i := range backups {
		runOn(t, data, "", "backup", filepath.Join(dir, fmt.Sprint(i))).wantDone("verified", fmt.Sprintf("%d pictures", people))
	}
	close(stop)
	wg.Wait()
	if left := filesIn(t, dir); len(left) != backups {
		t.Errorf("left beside the backups: %v", left)
	}
	old := clients[0].Cookie
	s.stop()

	for i := range backups {
		to := filepath.Join(t.TempDir(), "a", "b")
		runOn(t, to, "", "restore", filepath.Join(dir, fmt.Sprint(i))).wantDone("Cardea "+version, fmt.Sprintf("%d pictures", people), "stay valid")
		runOn(t, to, "", "check").wantDone("All is well")
	}
	to := t.TempDir() // an empty one
	file := filepath.Join(dir, "3")
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	runOn(t, to, "", "restore", file).wantDone()
	again := serve(t, to, cheap)
	for _, c := range clients {
		c.URL = again.url
		user := c.Get("/api/user").Want(http.StatusOK).Envelope().User
		if user.Picture == nil {
			t.Fatal("a picture is gone")
		}
		c.Get(strings.TrimPrefix(*user.Picture, again.url)).Want(http.StatusOK)
	}
	if clients[0].Cookie != old {
		t.Error("the cookie changed")
	}
	// The key of device cookies is there as well.
	if a, b := readFile(t, filepath.Join(data, "secret.key")), readFile(t, filepath.Join(to, "secret.key")); !bytes.Equal(a, b) {
		t.Error("another device key")
	}
	again.stop()
	runOn(t, to, "", "restore", file).wantEnd(exitFailed, "not empty")
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// withPicture is a data folder with a person who has a picture.
func withPicture(t *testing.T) (data string) {
	t.Helper()
	data = t.TempDir()
	s := serve(t, data, cheap)
	ann := s.client()
	ann.Post("/api/register", testkit.Registration("Ann", "ann@example.com", "simplepass")).Want(http.StatusCreated)
	ann.Upload("face.png", testkit.PNG(20, 20)).Want(http.StatusOK)
	s.stop()
	return data
}

// A stream is the same backup, and database and storage may lie elsewhere.
func TestBackupToAStreamAndRestoreElsewhere(t *testing.T) {
	data, dir := withPicture(t), t.TempDir()
	stream := filepath.Join(dir, "stream.tar")
	text := runOn(t, data, "", "backup", "-").wantDone()
	if err := os.WriteFile(stream, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(dir, "data")
	elsewhere := []string{"--database", filepath.Join(dir, "db", "people.sqlite"), "--storage", filepath.Join(dir, "pics")}
	runOn(t, to, "", append([]string{"restore", stream, "--json"}, elsewhere...)...).wantDone(`"users":1`, `"pictures":1`, `"release":"`+version+`"`)
	runOn(t, to, "", append([]string{"check", "--json"}, elsewhere...)...).wantDone(`{"ok":true,"users":1`)
	if got := filesIn(t, to); len(got) != 1 {
		t.Errorf("in the data folder: %v", got)
	}
	// A database or a storage that is in use is refused, also where the data folder is new.
	for _, part := range [][]string{elsewhere[:2], elsewhere[2:]} {
		fresh := filepath.Join(dir, "fresh")
		p := runOn(t, fresh, "", append([]string{"restore", stream}, part...)...)
		p.wantEnd(exitFailed, "nothing was changed")
		if _, err := os.Stat(fresh); err == nil {
			t.Error("a folder was made")
		}
	}
}

// A damaged backup leaves nothing, wherever the damage is.
func TestRestoreAllOrNothing(t *testing.T) {
	data, dir := withPicture(t), t.TempDir()
	file := filepath.Join(dir, "b.tar")
	runOn(t, data, "", "backup", file).wantDone()
	whole := readFile(t, file)
	picture := readFile(t, filesIn(t, filepath.Join(data, "pictures"))[0])
	damage := func(at int, with byte) []byte {
		d := bytes.Clone(whole)
		d[at] ^= with
		return d
	}
	for what, content := range map[string][]byte{
		"cut in the database": whole[:len(whole)-20_000],
		"cut in a picture":    whole[:bytes.Index(whole, picture)+10],
		"changed picture":     damage(bytes.Index(whole, picture)+len(picture)-20, 1),
		"changed database":    damage(bytes.Index(whole, []byte("SQLite format 3"))+100, 0xff),
		"empty":               {},
	} {
		for _, to := range []string{filepath.Join(dir, "new", "folder"), t.TempDir()} {
			if err := os.WriteFile(file, content, 0o600); err != nil {
				t.Fatal(err)
			}
			runOn(t, to, "", "restore", file).wantEnd(exitFailed)
			if entries, err := os.ReadDir(to); len(entries) > 0 {
				t.Errorf("%s: left %v, %v", what, entries, err)
			}
			if _, err := os.Stat(filepath.Join(dir, "new")); err == nil {
				t.Errorf("%s: left the folder", what)
			}
		}
	}
}

// Where a restore was cut off, nothing starts on what is there.
func TestRestoreCutOff(t *testing.T) {
	data := withPicture(t)
	db := filepath.Join(data, "cardea.db")
	if err := os.Rename(db, db+".restoring"); err != nil {
		t.Fatal(err)
	}
	serveOnce(t, data).wantEnd(exitFailed, "cut off", data)
	runOn(t, data, "", "user", "list").wantEnd(exitFailed, "cut off")
	runOn(t, data, "", "restore", filepath.Join(data, "secret.key")).wantEnd(exitFailed, "cut off")
}

func TestCheckFindsDamage(t *testing.T) {
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
	if err := os.Mkdir(filepath.Dir(young), 0o700); err != nil {
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

// wantProblem fails the test unless a check ends with 1 and says all of the words.
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

// Every command has help with an example.
func TestCommandsHelp(t *testing.T) {
	for _, c := range []string{"user list", "user show", "user add", "user set-password", "user end-sessions", "user delete", "backup", "restore", "check"} {
		for _, args := range [][]string{append(strings.Fields(c), "--help"), append([]string{"help"}, strings.Fields(c)...)} {
			run(t, nil, args...).wantDone("Usage: cardea "+c, "Example", "  cardea "+c, "--json", "CARDEA_DATA")
		}
	}
	run(t, nil, "user", "--help").wantDone("cardea user set-password WHO")
}
