package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

// The first start proposes commands to try, and they work.
func TestFirstStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), binary, "serve", "--listen", "127.0.0.1:0")
	cmd.Dir = dir
	s := awaitServer(launch(t, cmd))

	path, body := firstAccount(t, s)
	s.client().JSON("POST", path, body).Want(http.StatusCreated)
	s.stop()

	where := "Cardea " + version + " listens on " + s.url + " and keeps its data in " + filepath.Join(dir, "cardea-data") + "\n"
	if !strings.HasPrefix(s.stdout.String(), where) {
		t.Errorf("stdout:\n%s\nwant it to begin with:\n%s", &s.stdout, where)
	}
	for what, line := range map[string]string{
		"the start": `"msg":"started","version":"` + version + `","address":"` + s.addr + `","data":"` + filepath.Join(dir, "cardea-data") + `"}`,
		"the stop":  `"msg":"stopped"}`,
	} {
		if strings.Count(s.stderr.String(), line) != 1 {
			t.Errorf("%s is not logged, once:\n%s", what, &s.stderr)
		}
	}
	if log := s.stderr.String(); strings.Contains(log, `"level":"WARN"`) || strings.Contains(log, `"level":"ERROR"`) {
		t.Errorf("a start without any setting logs a problem:\n%s", log)
	}
}

// The greeting names one host, which works in a browser on this machine. Beyond loopback it
// says that there are others.
func TestGreetingNamesOneHost(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		listen, public, where string
		cookies               bool
	}{
		{address, "", "http://localhost:" + port + " and", true},
		{"localhost:" + port, "", "http://localhost:" + port + " and", true},
		{address, "https://accounts.example.com", "http://localhost:" + port + " and", false},
		{"127.0.0.2:" + port, "", "http://127.0.0.2:" + port + " and", false},
		{"0.0.0.0:" + port, "", "http://localhost:" + port + " (and on every other address of this machine) and", false},
	} {
		s := serve(t, t.TempDir(), nil, "--listen", c.listen, "--public-url", c.public)
		s.stop()
		out := s.stdout.String()
		if !strings.Contains(out, "listens on "+c.where) || strings.Contains(out, "cookies of the two") != c.cookies {
			t.Errorf("%s, public URL %q: %s", c.listen, c.public, out)
		}
	}
}

// firstAccount reads the command that a fresh server proposes.
func firstAccount(t *testing.T, s *server) (path string, body json.RawMessage) {
	t.Helper()
	eventually(t, "the whole greeting", func() bool { return strings.HasSuffix(s.stdout.String(), "\n\n") })
	proposal := regexp.MustCompile(`(?s)curl -c cookies -X POST (http://[^/]+)(/\S+) .*-H 'Content-Type: application/json' .*-d '(.*?)'`)
	match := proposal.FindStringSubmatch(s.stdout.String())
	if match == nil || match[1] != s.url {
		t.Fatalf("stdout proposes no command for %s:\n%s", s.url, &s.stdout)
	}
	return match[2], json.RawMessage(match[3])
}

// Later starts only say where things are. The data is still there.
func TestLaterStart(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	first := serve(t, data, nil)
	client := first.client()
	client.Post("/api/register", testkit.Registration("Ada", "ada@example.com", "simplepass")).Want(http.StatusCreated)
	first.stop()

	second := serve(t, data, nil)
	client.URL = second.url
	client.Get("/api/user").Want(http.StatusOK)
	second.stop()
	if out := second.stdout.String(); strings.Count(out, "\n") != 3 || !strings.Contains(out, "cookies") || !strings.Contains(out, "Mail is not sent") {
		t.Errorf("stdout of a start on existing data is not three lines, the last ones about cookies and mail:\n%s", out)
	}
}

// serveOnce runs a server that must fail to start.
func serveOnce(t *testing.T, data string, flags ...string) *process {
	t.Helper()
	p := launch(t, serveCommand(t, data, flags...))
	p.wait()
	return p
}

func TestPortTaken(t *testing.T) {
	t.Parallel()
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close() //nolint:errcheck // nothing was served
	address := taken.Addr().String()
	data := filepath.Join(t.TempDir(), "data")

	serveOnce(t, data, "--listen", address).wantEnd(exitFailed, address, "--listen")
	if _, err := os.Stat(data); err == nil {
		t.Error("a start that failed for its port has made the data folder")
	}
	serveOnce(t, data, "--ops-listen", address).wantEnd(exitFailed, address, "--ops-listen")
}

func TestDataFolderCannotBeMade(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, data := range []string{file, filepath.Join(file, "data")} {
		serveOnce(t, data).wantEnd(exitFailed, file)
	}
}

func TestDataFolderInUse(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	first := serve(t, data, nil)
	serveOnce(t, data).wantEnd(exitFailed, "another Cardea", house.Place(t, data, "").String())
	first.client().Get("/readyz").Want(http.StatusOK)
}

// A file that is not a database is left as it is. It may be a user's.
func TestDatabaseIsGarbage(t *testing.T) {
	t.Parallel()
	house.OnlySQLite(t, "it writes something else into the file")
	for name, garbage := range map[string]string{
		"short": "hello\n",
		"long":  strings.Repeat("This is not a database. ", 1000),
	} {
		t.Run(name, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data")
			file := filepath.Join(data, "cardea.db")
			if err := errors.Join(os.Mkdir(data, 0o700), os.WriteFile(file, []byte(garbage), 0o600)); err != nil {
				t.Fatal(err)
			}
			serveOnce(t, data).wantEnd(exitFailed, file, "not a database")
			if after, err := os.ReadFile(file); err != nil || string(after) != garbage {
				t.Errorf("the file was changed (%v)", err)
			}
		})
	}
}

// An empty database next to pictures, or to the key that a first start makes last, is a
// loss, which a fresh start would hide. Without them it is a first start that was
// interrupted, which continues.
func TestDatabaseIsLost(t *testing.T) {
	t.Parallel()
	house.OnlySQLite(t, "it empties the file")
	data := withPicture(t)
	file := filepath.Join(data, "cardea.db")
	writeFile(t, file, nil)
	serveOnce(t, data).wantEnd(exitFailed, file+" is empty", "there are pictures", "Restore a backup")
	if content := readFile(t, file); len(content) > 0 {
		t.Error("a database was made")
	}
	if err := os.Remove(filesIn(t, filepath.Join(data, "pictures"))[0]); err != nil {
		t.Fatal(err)
	}
	serveOnce(t, data).wantEnd(exitFailed, file+" is empty", "there is its secret key", "Restore a backup")
	if err := os.Remove(filepath.Join(data, "secret.key")); err != nil {
		t.Fatal(err)
	}
	serve(t, data, cheap).client().Get("/readyz").Want(http.StatusOK)
}

// No other user of the machine can read the data, whatever the umask.
func TestDataIsPrivate(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	cmd := serveCommand(t, data)
	shell := exec.CommandContext(t.Context(), "sh", append([]string{"-c", `umask 0; exec "$0" "$@"`}, cmd.Args...)...)
	s := awaitServer(launch(t, shell))
	ada := s.client()
	ada.Post("/api/register", testkit.Registration("Ada", "ada@example.com", "simplepass")).Want(http.StatusCreated)
	ada.Upload("ada.png", testkit.PNG(20, 20)).Want(http.StatusOK)

	files := 0
	err := filepath.WalkDir(data, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if entry.IsDir() {
			want = fs.ModeDir | 0o700
		} else {
			files++
		}
		if info.Mode() != want {
			t.Errorf("%s has mode %v, want %v", path, info.Mode(), want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	least := 5 // the database and its two side files, the key, the picture
	if house.OnPostgres() {
		least = 2
	}
	if files < least {
		t.Errorf("saw only %d files", files)
	}
}
