package apps

import (
	"bytes"
	"encoding/json"
	"image"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// commands returns the environment in which shells find cardea, and nothing else of ours.
func commands(t *testing.T) []string {
	t.Helper()
	bin := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "./cmd/cardea") //nolint:gosec // of the test
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return []string{"PATH=" + bin + ":/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE=1"}
}

// block returns the block of shell commands in a page of docs/ that has a text.
func block(t *testing.T, page, text string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, "docs", page))
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(data), -1) {
		if strings.Contains(block[1], text) {
			return block[1]
		}
	}
	t.Fatalf("docs/%s has no commands with %q", page, text)
	return ""
}

// shell runs commands in a folder, and returns what they print.
func shell(t *testing.T, folder string, environment []string, commands string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "bash", "-euc", commands) //nolint:gosec // of the test
	command.Dir, command.Env = folder, append(os.Environ(), environment...)
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
	return strings.NewReplacer("https://app.example.com", n.front.URL, "127.0.0.1:5000", n.cardea).Replace(block(n.t, "from-flask.md", text))
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

// user is somebody with a browser who finds the notebook.
func (n *notebook) user() *visitor {
	u := newUser(n.t)
	u.Transport = n.front.Client().Transport
	return &visitor{u, n.front.URL}
}

// visitor is a user of the notebook.
type visitor struct {
	*user
	at string
}

// call sends JSON, and wants a status.
func (v *visitor) call(status int, method, path string, body map[string]string) string {
	v.t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		v.t.Fatal(err)
	}
	page := v.send(method, v.at+path, string(data), "Content-Type", "application/json", "Accept", "application/json")
	if page.status != status {
		v.t.Fatalf("%s %s: %d %s", method, path, page.status, page.text)
	}
	return page.text
}

func (v *visitor) register(name string) *visitor {
	v.t.Helper()
	v.call(201, "POST", "/api/register", map[string]string{"name": name, "email": address(name), "password": "simplepass"})
	return v
}

// address is a user's, except Eve's, which no mail server would take.
func address(name string) string {
	if name == "Eve" {
		return "eve@"
	}
	return strings.ToLower(name) + "@example.com"
}

func (v *visitor) login(status int, name, password string) {
	v.t.Helper()
	v.call(status, "POST", "/api/login", map[string]string{"email": address(name), "password": password})
}

func (v *visitor) upload(filename string, picture []byte) {
	v.t.Helper()
	form, contentType := testkit.Form(v.t, "profile_pic", filename, picture)
	if page := v.send("POST", v.at+"/api/upload-picture", string(form), "Content-Type", contentType); page.status != 200 {
		v.t.Fatalf("the upload: %d %s", page.status, page.text)
	}
}

func (v *visitor) note(text string) {
	v.t.Helper()
	if page := v.send("POST", v.at+"/notes", "text="+url.QueryEscape(text)); page.status != 200 {
		v.t.Fatalf("a note: %d %s", page.status, page.text)
	}
}

// seesNotes opens the notes, which have a name and texts.
func (v *visitor) seesNotes(parts ...string) {
	v.t.Helper()
	page := v.get(v.at + "/notes")
	if page.status != 200 || page.at != v.at+"/notes" {
		v.t.Fatalf("the notes: %d at %s: %s", page.status, page.at, page.text)
	}
	want(v.t, page.text, parts...)
}

// seesPicture opens a picture, which has a width.
func (v *visitor) seesPicture(path string, width int) {
	v.t.Helper()
	picture, _, err := image.Decode(bytes.NewReader([]byte(v.get(v.at + path).text)))
	if err != nil || picture.Bounds().Dx() != width {
		v.t.Errorf("%s: %v", path, err)
	}
}
