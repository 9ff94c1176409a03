package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/cardea-accounts/cardea/internal/archive"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// A backup that is made under load has all users of that moment. After a restore they are
// signed in and have their pictures.
func TestBackupUnderLoad(t *testing.T) {
	data, dir := t.TempDir(), t.TempDir()
	s := serve(t, data, cheap)
	const users = 6
	clients := make([]*testkit.Client, users)
	for i := range clients {
		clients[i] = s.client()
		clients[i].Post("/api/register", testkit.Registration("P", fmt.Sprintf("p%d@example.com", i), "simplepass")).Want(http.StatusCreated)
		clients[i].Upload("first.png", testkit.PNG(20, 20)).Want(http.StatusOK)
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for i, c := range clients[1:] { // the first user does nothing
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
		runOn(t, data, "", "backup", filepath.Join(dir, fmt.Sprint(i))).wantDone("verified", fmt.Sprintf("%d pictures", users))
	}
	close(stop)
	wg.Wait()
	if left := filesIn(t, dir); len(left) != backups {
		t.Errorf("left next to the backups: %v", left)
	}
	old := clients[0].Cookie
	s.stop()

	for i := range backups {
		to := filepath.Join(t.TempDir(), "a", "b")
		runOn(t, to, "", "restore", filepath.Join(dir, fmt.Sprint(i))).wantDone("Cardea "+version, fmt.Sprintf("%d pictures", users), "stay valid")
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
	// The secret keys are the same.
	if a, b := readFile(t, filepath.Join(data, "secret.key")), readFile(t, filepath.Join(to, "secret.key")); !bytes.Equal(a, b) {
		t.Error("another secret key")
	}
	again.stop()
	runOn(t, to, "", "restore", file).wantEnd(exitFailed, "not empty")
}

// A backup to a stream is restored like a file. Database and storage may be elsewhere.
func TestBackupToAStreamAndRestoreElsewhere(t *testing.T) {
	t.Parallel()
	data, dir := withPicture(t), t.TempDir()
	stream := filepath.Join(dir, "stream.tar")
	text := runOn(t, data, "", "backup", "-").wantDone()
	if err := os.WriteFile(stream, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(dir, "data")
	elsewhere := []string{"--database", filepath.Join(dir, "db", "users.sqlite"), "--storage", filepath.Join(dir, "pics")}
	runOn(t, to, "", append([]string{"restore", stream, "--json"}, elsewhere...)...).wantDone(`"users":1`, `"pictures":1`, `"release":"`+version+`"`)
	runOn(t, to, "", append([]string{"check", "--json"}, elsewhere...)...).wantDone(`{"ok":true,"users":1`)
	if got := filesIn(t, to); len(got) != 1 {
		t.Errorf("in the data folder: %v", got)
	}
	// A database or a storage that exists is refused, even if the data folder is new.
	for _, part := range [][]string{elsewhere[:2], elsewhere[2:]} {
		fresh := filepath.Join(dir, "fresh")
		p := runOn(t, fresh, "", append([]string{"restore", stream}, part...)...)
		p.wantEnd(exitFailed, "nothing was changed")
		if _, err := os.Stat(fresh); err == nil {
			t.Error("a folder was made")
		}
	}
}

// If the reader stops early, no copy of the database is left behind.
func TestBackupToAReaderThatStops(t *testing.T) {
	data, temporary := withPicture(t), t.TempDir()
	t.Setenv("TMPDIR", temporary)
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), binary, "backup", "-", "--data", data)
	cmd.Stdout, cmd.Env = writer, append(os.Environ(), place(t, cmd, nil)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err == nil || !strings.Contains(said.String(), "not a complete backup") {
		t.Errorf("%v, %s", err, &said)
	}
	if err := writer.Close(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

const keyName = "secret.key"

// The copy of the database needs a folder for temporary files. Without one, backup and
// restore say which folder it is and how to name another.
func TestNoTemporaryFolder(t *testing.T) {
	data := withPicture(t)
	missing := filepath.Join(t.TempDir(), "missing")
	t.Setenv("TMPDIR", missing)
	says := "cannot write to " + missing + ", the folder for temporary files: no such file or directory; name another one in TMPDIR"
	for _, p := range []*process{
		runOn(t, data, "", "backup", "-"),
		runOn(t, filepath.Join(data, "new"), "", "restore", "-"),
	} {
		p.wantEnd(exitFailed, says)
		if lines := strings.Count(p.stderr.String(), "\n"); lines != 1 {
			t.Errorf("%d lines: %s", lines, &p.stderr)
		}
	}
}

// A missing or damaged secret.key does not prevent a backup or a restore.
func TestSecretKeyInBackups(t *testing.T) {
	t.Parallel()
	data, file := backedUp(t)
	dir, key := t.TempDir(), filepath.Join(data, keyName)

	writeFile(t, key, []byte("bm90IDMyIGJ5dGVz\n"))
	wantProblem(t, data, "secret.key: "+key+" cannot be used: line 1 is not a key", "remove this one", "1 problem found")
	runOn(t, data, "", "backup", filepath.Join(dir, "damaged.tar")).wantEnd(exitFailed, "cannot be used: line 1 is not a key", "--skip-damaged")
	p := runOn(t, data, "", "backup", filepath.Join(dir, "damaged.tar"), "--skip-damaged")
	if code := p.wait(); code != exitFailed || !strings.Contains(p.stdout.String(), "left out\nBacked up to") {
		t.Errorf("exit code %d: %s", code, &p.stdout)
	}
	runOn(t, filepath.Join(dir, "a"), "", "restore", filepath.Join(dir, "damaged.tar")).wantDone("no secret.key in it")

	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	runOn(t, data, "", "check").wantDone("All is well", "no secret.key in the data folder: the server makes a new one")
	runOn(t, data, "", "check", "--json").wantDone(`"secret_key":"missing"`)
	runOn(t, data, "", "backup", filepath.Join(dir, "missing.tar")).wantDone("no secret.key")

	if err := os.Mkdir(key, 0o700); err != nil {
		t.Fatal(err)
	}
	wantProblem(t, data, "secret.key: "+key+" cannot be used: is a directory")

	damaged := forge(t, readFile(t, file), archive.KindSecretKey, []byte("damaged"))
	to := filepath.Join(dir, "b")
	runOn(t, to, "", "restore", writeFile(t, file, damaged)).wantDone("secret.key in it is damaged and was left out")
	serve(t, to, cheap).stop() // makes a new one
	runOn(t, to, "", "check", "--json").wantDone(`"secret_key":"present"`)
}

// A secret.key that is mounted into the data folder stays there during a restore. It must have the key of
// the backup.
func TestRestoreWithAMountedKey(t *testing.T) {
	t.Parallel()
	data, file := backedUp(t)
	mounted := writeFile(t, filepath.Join(t.TempDir(), keyName), readFile(t, filepath.Join(data, keyName)))
	other := writeFile(t, filepath.Join(t.TempDir(), keyName), readFile(t, filepath.Join(withPicture(t), keyName)))
	to := filepath.Join(t.TempDir(), "data")
	link := filepath.Join(to, keyName)
	if err := errors.Join(os.Mkdir(to, 0o700), os.Symlink(other, link)); err != nil {
		t.Fatal(err)
	}
	runOn(t, to, "", "restore", file).wantEnd(exitFailed, link+" lacks the key of the backup", "tar -xOf BACKUP secret.key")
	if left := filesIn(t, to); len(left) != 1 {
		t.Errorf("left: %v", left)
	}
	if err := errors.Join(os.Remove(link), os.Symlink(mounted, link)); err != nil {
		t.Fatal(err)
	}
	runOn(t, to, "", "restore", file, "--json").wantDone(`"secret_key":"present"`)
	if leads, err := os.Readlink(link); err != nil || leads != mounted {
		t.Errorf("the link leads to %q, %v", leads, err)
	}
	runOn(t, to, "", "check").wantDone("All is well")
}

// The picture storage is for pictures only.
func TestBackupIntoThePictureStorage(t *testing.T) {
	t.Parallel()
	data := withPicture(t)
	pictures := filepath.Join(data, "pictures")
	below := filepath.Dir(filesIn(t, pictures)[0])
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(below, link); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{pictures, below, link, filepath.Join(pictures, "..", "pictures")} {
		runOn(t, data, "", "backup", filepath.Join(folder, "b.tar")).wantEnd(exitFailed, "inside the picture storage")
	}
	runOn(t, data, "", "backup", filepath.Join(data, "b.tar")).wantDone("verified")
	runOn(t, data, "", "check").wantDone("All is well")
}
