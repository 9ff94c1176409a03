package apps

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

// bin is the folder with cardea, once build has built it.
var (
	bin   string
	build = sync.OnceValue(func() (err error) {
		if bin, err = os.MkdirTemp("", "cardea-test-"); err != nil {
			return err
		}
		build := exec.CommandContext(context.Background(), "go", "build", "-ldflags=-w", "-o", bin, "./cmd/cardea") // without DWARF it links faster
		build.Dir = root
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("go build: %w\n%s", err, out)
		}
		return nil
	})
)

func removeBuilt() { _ = os.RemoveAll(bin) } // if it was built

// commands returns the environment in which shells find cardea and Debian's Python.
func commands(t *testing.T) []string {
	t.Helper()
	if err := build(); err != nil {
		t.Fatal(err)
	}
	return []string{"PATH=" + bin + ":/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE=1"}
}

// block returns the block of shell commands in a page of docs/ that has a text.
func block(t *testing.T, page, text string) string {
	t.Helper()
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(document(t, page), -1) {
		if strings.Contains(block[1], text) {
			return block[1]
		}
	}
	t.Fatalf("docs/%s has no commands with %q", page, text)
	return ""
}

// document returns a page of docs/.
func document(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs", page))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// shell runs commands in a folder, and returns what they print.
func shell(t *testing.T, folder string, environment []string, commands string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "bash", "-euc", commands) //nolint:gosec // of the test
	command.Dir, command.Env = folder, append(os.Environ(), environment...)
	if house.OnPostgres() {
		command.Env = append(command.Env, "CARDEA_DATABASE="+house.Address(t, filepath.Join(folder, "cardea-data")))
	}
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", commands, err, out)
	}
	return string(out)
}

var root = filepath.Join("..", "..", "..")

// want fails the test unless a text has all parts.
func want(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in\n%s", part, text)
		}
	}
}

// notebook is the example of docs/from-flask.md behind one proxy, first in front of the app
// alone.
type notebook struct {
	t           *testing.T
	folder      string // of the app
	environment []string
	app, cardea string // addresses
	front       *httptest.Server
	moved       atomic.Bool // Cardea has the old addresses
}

func newNotebook(t *testing.T) *notebook {
	t.Helper()
	python(t, "flask_sqlalchemy")
	python(t, "argon2")
	program(t, "gunicorn", "gunicorn")
	n := &notebook{t: t, app: testkit.ClosedAddress(t), cardea: testkit.ClosedAddress(t)}
	n.environment = append(commands(t), "GUNICORN_CMD_ARGS=--bind="+n.app, "CARDEA_LISTEN="+n.cardea)
	checkout := t.TempDir()
	for _, name := range []string{"flask", "flask-app"} {
		if err := os.CopyFS(filepath.Join(checkout, "examples", name), os.DirFS(example(t, name))); err != nil {
			t.Fatal(err)
		}
	}
	n.folder = filepath.Join(checkout, "notebook")
	mux, accounts := http.NewServeMux(), passTo(n.cardea)
	mux.Handle("/accounts/", http.StripPrefix("/accounts", accounts))
	for _, path := range []string{"/api/register", "/api/login", "/api/logout", "/api/user", "/api/upload-picture", "/uploads/"} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			if n.moved.Load() {
				accounts.ServeHTTP(w, r)
				return
			}
			passTo(n.app).ServeHTTP(w, r)
		})
	}
	mux.Handle("/", passTo(n.app))
	n.front = httptest.NewTLSServer(mux)
	t.Cleanup(n.front.Close)
	return n
}

func passTo(address string) http.Handler {
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: address})
		r.SetXForwarded()
		r.Out.Host = r.In.Host
	}}
}

// block returns a block of the page, with our addresses.
func (n *notebook) block(text string) string {
	n.t.Helper()
	return strings.NewReplacer("https://app.example.com", n.front.URL, "127.0.0.1:5000", n.cardea, "localhost:8000", n.app).Replace(block(n.t, "from-flask.md", text))
}

// run runs a block of the page in the folder of the app.
func (n *notebook) run(text string) string {
	n.t.Helper()
	return shell(n.t, n.folder, n.environment, n.block(text))
}

// serve starts the program at the end of some commands.
func (n *notebook) serve(address, folder, commands string) (stop func()) {
	n.t.Helper()
	commands = strings.TrimSpace(strings.ReplaceAll(commands, "\\\n", " "))
	at := strings.LastIndexByte(commands, '\n') + 1
	return start(n.t, "http://"+address, folder, n.environment, "bash", "-euc", commands[:at]+"exec env "+strings.TrimSpace(commands[at:]))
}
