package main

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// The first start says what to try, and what it says works.
func TestFirstStart(t *testing.T) {
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

// Later starts say only where things are, and everything is still there.
func TestLaterStart(t *testing.T) {
	data := t.TempDir()
	first := serve(t, data, nil)
	client := first.client()
	client.Post("/api/register", testkit.Registration("Ada", "ada@example.com", "simplepass")).Want(http.StatusCreated)
	first.stop()

	second := serve(t, data, nil)
	client.URL = second.url
	client.Get("/api/user").Want(http.StatusOK)
	second.stop()
	if out := second.stdout.String(); strings.Count(out, "\n") != 1 {
		t.Errorf("stdout of a start on existing data has more than one line:\n%s", out)
	}
}

// Whoever was being served when the server is told to stop gets an answer, and
// what was answered is kept.
func TestStop(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			data := t.TempDir()
			s := serve(t, data, nil)
			ada := s.client()
			ada.Post("/api/register", testkit.Registration("Ada", "ada@example.com", "simplepass")).Want(http.StatusCreated)
			form, formType := testkit.Form(t, "profile_pic", "ada.png", smallPicture(t))
			credentials := []byte(`{"email":"ada@example.com","password":"simplepass"}`)

			upload := sendHalf(t, ada, "/api/upload-picture", formType, form)
			login := sendHalf(t, s.client(), "/api/login", "application/json", credentials)
			s.signal(sig)
			s.awaitRefusal()
			if answer := upload.finish(); answer.status != http.StatusOK {
				t.Errorf("the upload in flight was answered with %d", answer.status)
			}
			signedIn := login.finish()
			if signedIn.status != http.StatusOK {
				t.Errorf("the login in flight was answered with %d", signedIn.status)
			}
			s.wantStopped()

			again := serve(t, data, nil).client()
			again.Cookie = signedIn.token
			user := again.Get("/api/user").Want(http.StatusOK).Envelope().User
			if user.Picture == nil {
				t.Fatal("the picture that was uploaded during the stop is gone")
			}
			again.Get("/uploads/" + user.ID + "_ada.png").Want(http.StatusOK)
		})
	}
}

// Somebody who cannot wait for those in flight says it twice.
func TestSecondSignalStopsAtOnce(t *testing.T) {
	s := serve(t, t.TempDir(), nil)
	sendHalf(t, s.client(), "/api/login", "application/json", []byte(`{"email":"","password":""}`))
	s.signal(syscall.SIGTERM)
	s.awaitRefusal()
	eventually(t, "the server has ended", func() bool {
		_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		select {
		case <-s.ended:
			return true
		default:
			return false
		}
	})
	if status, ok := s.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGTERM {
		t.Errorf("ended by %v, want by the signal itself", s.cmd.ProcessState)
	}
}

// awaitRefusal waits until the server takes no new connections.
func (s *server) awaitRefusal() {
	s.t.Helper()
	eventually(s.t, "new connections are refused", func() bool {
		conn, err := new(net.Dialer).DialContext(s.t.Context(), "tcp", s.addr)
		if err == nil {
			_ = conn.Close() // nothing was sent
		}
		return isRefused(err)
	})
}

// halfSent is a request that the server has begun to read.
type halfSent struct {
	t      *testing.T
	rest   []byte
	body   *io.PipeWriter
	answer chan reply
}

// sendHalf sends half of a body. That the server reads it is known by its
// answer to "Expect: 100-continue", before which nothing is sent.
func sendHalf(t *testing.T, c *testkit.Client, path, contentType string, body []byte) *halfSent {
	t.Helper()
	r, w := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.URL+path, r)
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = int64(len(body))
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Cookie", "session="+c.Cookie)
	req.Header.Set("Expect", "100-continue")
	h := &halfSent{t, body[len(body)/2:], w, make(chan reply, 1)}
	go func() {
		defer close(h.answer)
		answer, err := roundTrip(&http.Transport{ExpectContinueTimeout: patience}, req)
		if err != nil {
			_ = r.CloseWithError(err) // never fails
			return
		}
		h.answer <- answer
	}()
	if _, err := w.Write(body[:len(body)/2]); err != nil {
		t.Fatalf("POST %s: %v", path, err)
	}
	return h
}

// finish sends the rest and returns the answer.
func (h *halfSent) finish() reply {
	h.t.Helper()
	if _, err := h.body.Write(h.rest); err != nil {
		h.t.Fatal(err)
	}
	_ = h.body.Close() // never fails
	answer, ok := <-h.answer
	if !ok {
		h.t.Fatal("a request in flight got no answer")
	}
	return answer
}

// serveOnce runs a server that is expected not to come to serving.
func serveOnce(t *testing.T, data string, flags ...string) *process {
	t.Helper()
	p := launch(t, serveCommand(t, data, flags...))
	p.wait()
	return p
}

func TestPortTaken(t *testing.T) {
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
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, data := range []string{file, filepath.Join(file, "data")} {
		serveOnce(t, data).wantEnd(exitFailed, file)
	}
}

func TestDataFolderInUse(t *testing.T) {
	data := t.TempDir()
	first := serve(t, data, nil)
	serveOnce(t, data).wantEnd(exitFailed, "another Cardea", data)
	first.client().Get("/readyz").Want(http.StatusOK)
}

// A file that is no database stays as it is: it may be somebody's.
func TestDatabaseIsGarbage(t *testing.T) {
	for name, garbage := range map[string]string{
		"short": "hello\n",
		"long":  strings.Repeat("This is not a database. ", 1000),
	} {
		t.Run(name, func(t *testing.T) {
			data := t.TempDir()
			file := filepath.Join(data, "cardea.db")
			if err := os.WriteFile(file, []byte(garbage), 0o600); err != nil {
				t.Fatal(err)
			}
			serveOnce(t, data).wantEnd(exitFailed, file, "not a database")
			if after, err := os.ReadFile(file); err != nil || string(after) != garbage {
				t.Errorf("the file was changed (%v)", err)
			}
		})
	}
}

// An empty database beside pictures was lost; to begin anew would hide that. Without
// pictures, a first start was interrupted, and goes on.
func TestDatabaseIsLost(t *testing.T) {
	data := withPicture(t)
	file := filepath.Join(data, "cardea.db")
	writeFile(t, file, nil)
	serveOnce(t, data).wantEnd(exitFailed, file+" is empty", "there are pictures", "restore a backup")
	if content := readFile(t, file); len(content) > 0 {
		t.Error("a database was made")
	}
	if err := os.Remove(filesIn(t, filepath.Join(data, "pictures"))[0]); err != nil {
		t.Fatal(err)
	}
	serve(t, data, cheap).client().Get("/readyz").Want(http.StatusOK)
}

// A wrong setting is named as it was given, with its value and what is allowed.
func TestWrongSettings(t *testing.T) {
	for _, c := range []struct{ name, value, allowed string }{
		{"listen", "5000", "host:port"},
		{"listen", "127.0.0.1:http", "host:port"},
		{"listen", "127.0.0.1:65536", "host:port"},
		{"database", "postgres://localhost/cardea", "SQLite file"},
		{"storage", "s3://bucket", "folder"},
		{"public-url", "accounts.example.com", "https://"},
		{"public-url", "https://example.com/#a", "without query"},
		{"public-url", "https://example.com:99999", "https://"},
		{"trusted-proxies", "10.0.0.0/8,proxy", "10.0.0.0/8"},
		{"trusted-proxies", "10.0.0.1", "10.0.0.0/8"},
		{"trusted-proxies", ",,", "10.0.0.0/8"},
		{"allowed-origins", "https://app.example.com/", "as browsers send them"},
		{"allowed-origins", "https://app.example.com:443", "as browsers send them"},
		{"allowed-origins", "https://*.example.com", "as browsers send them"},
		{"allowed-origins", "*", "https://app.example.com"},
		{"cookie-name", "my session", "letters"},
		{"cookie-name", "__Host-session", "https public-url"},
		{"cookie-samesite", "relaxed", "strict"},
		{"cookie-samesite", "none", "https public-url"},
		{"session-idle", "336", "336h"},
		{"session-idle", "1ms", "at least 1s"},
		{"session-max", "-1h", "positive"},
		{"session-max", "1ms", "at least 1s"},
		{"argon2-memory", "19MiB", "whole number"},
		{"argon2-memory", "7", "from 8"},
		{"argon2-time", "0", "positive"},
		{"argon2-time", "101", "to 100"},
		{"upload-max-bytes", "10MB", "whole number"},
		{"upload-max-bytes", "1073741825", "to 1073741824"},
		{"upload-max-pixels", "0", "positive"},
		{"upload-max-pixels", "1073741825", "to 1073741824"},
		{"rate-limit", "yes", "off"},
		{"log", "none", "events"},
		{"log-format", "xml", "json"},
		{"ops-listen", "0.0.0.0:5001", "loopback"},
		{"ops-listen", ":5001", "loopback"},
		{"ops-listen", "192.0.2.1:5001", "loopback"},
		{"ops-listen", "127.0.0.1", "with a port"},
	} {
		t.Run(c.name+"="+c.value, func(t *testing.T) {
			said := `"` + c.value + `" is not allowed: `
			run(t, nil, "serve", "--"+c.name, c.value).wantEnd(exitUsage, "--"+c.name+": "+said, c.allowed)
			variable := setting{name: c.name}.env()
			run(t, []string{variable + "=" + c.value}, "serve").wantEnd(exitUsage, variable+": "+said, c.allowed)
		})
	}
}

// What may be secret in an address is not repeated to whoever reads the log.
func TestSecretsInSettingsAreNotPrinted(t *testing.T) {
	for name, value := range map[string]string{
		"database":   "postgres://cardea:hunter2@db/cardea?sslpassword=hunter2",
		"storage":    "s3://bucket?secret=hunter2",
		"public-url": "https://admin:hunter2@example.com",
	} {
		p := run(t, nil, "serve", "--"+name, value)
		p.wantEnd(exitUsage, "--"+name+": ")
		if strings.Contains(p.stderr.String(), "hunter2") {
			t.Errorf("--%s: %s", name, &p.stderr)
		}
	}
}

// As from a script in which a variable is not set.
func TestEmptyDataFolder(t *testing.T) {
	serveOnce(t, "").wantEnd(exitUsage, `--data: "" is not allowed: `, "folder")
}

// All that is wrong is said at once.
func TestSeveralWrongSettings(t *testing.T) {
	run(t, []string{"CARDEA_SESSION_IDLE=soon"}, "serve", "--listen", "nowhere").
		wantEnd(exitUsage, "--listen", "CARDEA_SESSION_IDLE")
	run(t, []string{"CARDEA_LOG=much"}, "serve", "--rate-limit", "maybe").
		wantEnd(exitUsage, "--rate-limit", "CARDEA_LOG")
}

func TestUsedWrongly(t *testing.T) {
	for _, c := range []struct {
		args  string
		words []string
	}{
		{"serve --lisen 127.0.0.1:0", []string{"-lisen", "cardea serve --help"}},
		{"serve --listen", []string{"-listen", "cardea serve --help"}},
		{"serve now", []string{`"now"`, "cardea serve --help"}},
		{"version 2", []string{"cardea version"}},
		{"sevre", []string{`"sevre"`, "cardea help"}},
		{"--data x", []string{`"--data"`, "cardea help"}},
	} {
		t.Run(c.args, func(t *testing.T) {
			run(t, nil, strings.Fields(c.args)...).wantEnd(exitUsage, c.words...)
		})
	}
	t.Run("nothing", func(t *testing.T) {
		p := run(t, nil)
		if code := p.wait(); code != exitUsage || p.stdout.String() != "" || !strings.Contains(p.stderr.String(), "cardea serve") {
			t.Errorf("exit code %d, stdout %q, stderr %q", code, &p.stdout, &p.stderr)
		}
	})
}

func TestFlagBeatsVariableBeatsDefault(t *testing.T) {
	variable := []string{"CARDEA_COOKIE_NAME=from-variable"}
	for _, c := range []struct {
		want  string
		env   []string
		flags []string
	}{
		{"session", nil, nil},
		{"session", []string{"CARDEA_COOKIE_NAME="}, nil},
		{"from-variable", variable, nil},
		{"from-flag", variable, []string{"--cookie-name", "from-flag"}},
	} {
		s := serve(t, t.TempDir(), c.env, c.flags...)
		got := s.client().Post("/api/logout", nil).Want(http.StatusOK).Header.Get("Set-Cookie")
		if !strings.HasPrefix(got, c.want+"=") {
			t.Errorf("%v %v: the cookie is %s, want the name %s", c.env, c.flags, got, c.want)
		}
	}
}

func TestUnknownVariableIsWarnedAbout(t *testing.T) {
	s := serve(t, t.TempDir(), []string{"CARDEA_LISTNE=127.0.0.1:5001"})
	s.client().Get("/readyz").Want(http.StatusOK)
	s.stop()
	s.wantWarning("CARDEA_LISTNE")
}

func TestWeakHashingIsWarnedAbout(t *testing.T) {
	s := serve(t, t.TempDir(), nil, "--argon2-memory", "12287", "--argon2-time", "3")
	s.stop()
	s.wantWarning("argon2-memory 12287", "argon2-time 3", "OWASP")

	s = serve(t, t.TempDir(), nil, "--argon2-memory", "12288", "--argon2-time", "3")
	s.stop()
	if log := s.stderr.String(); strings.Contains(log, "WARN") {
		t.Errorf("settings as strong as OWASP's minimum are warned about: %s", log)
	}
}

// Passwords that cross a network in clear text are worth a word.
func TestExposureIsWarnedAbout(t *testing.T) {
	for _, c := range []struct {
		listen, public string
		warned         bool
	}{
		{"127.0.0.1:0", "", false},
		{"localhost:0", "", false},
		{"[::1]:0", "", false},
		{"0.0.0.0:0", "", true},
		{":0", "http://accounts.example.com", true},
		{":0", "https://accounts.example.com", false},
	} {
		o := options{listen: c.listen}
		o.PublicURL = c.public
		if warned := len(exposure(o)) > 0; warned != c.warned {
			t.Errorf("%+v: warned %v", c, warned)
		}
	}
}

// wantWarning fails the test unless one line of the log is a warning that
// contains all of the words. The server must have ended.
func (s *server) wantWarning(words ...string) {
	s.t.Helper()
	lines := strings.SplitAfter(s.stderr.String(), "\n")
	isIt := func(line string) bool {
		lacks := func(word string) bool { return !strings.Contains(line, word) }
		return strings.Contains(line, `"level":"WARN"`) && !slices.ContainsFunc(words, lacks)
	}
	if !slices.ContainsFunc(lines, isIt) {
		s.t.Errorf("no warning with %q in the log:\n%s", words, &s.stderr)
	}
}

// Nobody else on the machine can read the data, whatever the umask.
func TestDataIsPrivate(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	cmd := serveCommand(t, data)
	shell := exec.CommandContext(t.Context(), "sh", append([]string{"-c", `umask 0; exec "$0" "$@"`}, cmd.Args...)...)
	s := awaitServer(launch(t, shell))
	ada := s.client()
	ada.Post("/api/register", testkit.Registration("Ada", "ada@example.com", "simplepass")).Want(http.StatusCreated)
	ada.Upload("ada.png", smallPicture(t)).Want(http.StatusOK)

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
	if files < 5 { // the database and its two side files, the lock, the picture
		t.Errorf("saw only %d files", files)
	}
}

// Operators' tools are on a listener of their own, and on no other.
func TestOperatorsListener(t *testing.T) {
	address := freeAddress(t)
	s := serve(t, t.TempDir(), nil, "--ops-listen", address)
	ops, public := testkit.NewClient(t, "http://"+address), s.client()
	ops.Undocumented = true

	for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/symbol"} {
		ops.Get(path).Want(http.StatusOK)
		public.Get(path).WantError(http.StatusNotFound, "not_found")
	}
	ops.Get("/api/user").Want(http.StatusNotFound)
	for host, want := range map[string]int{
		"localhost": 200, "LOCALHOST:9": 200, "127.0.0.1": 200, "127.8.8.8:5001": 200, "[::1]:5001": 200, "[::1]": 200,
		"evil.example": 421, "evil.example:5001": 421, "localhost.evil.example": 421, "10.0.0.1": 421, "127.0.0.1.evil.example": 421,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, ops.URL+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		if got := ops.Do(r).Status; got != want {
			t.Errorf("Host %s: %d, want %d", host, got, want)
		}
	}
	ops.Get("/debug/pprof/cmdline").Want(http.StatusNotFound) // the command line may have secrets
	s.stop()
	if _, err := new(net.Dialer).DialContext(t.Context(), "tcp", address); !isRefused(err) {
		t.Errorf("the operators' listener outlives the server: %v", err)
	}
}

// What Prometheus reads, after one registration, one failed login and a visit to
// an address that is none.
func TestMetrics(t *testing.T) {
	address := freeAddress(t)
	s := serve(t, t.TempDir(), nil, "--ops-listen", address, "--argon2-memory", "64", "--argon2-time", "1")
	client := s.client()
	client.Post("/api/register", testkit.Registration("Ada", "ada@example.com", "simplepass")).Want(http.StatusCreated)
	client.Post("/login", testkit.Credentials("ada@example.com", "wrongpass")).Want(http.StatusUnauthorized)
	client.Get("/no/such/" + strings.Repeat("x", 100)).Want(http.StatusNotFound)
	ops := testkit.NewClient(t, "http://"+address)
	ops.Undocumented = true
	metrics := string(ops.Get("/metrics").Want(http.StatusOK).Body)
	for _, line := range []string{
		`cardea_http_requests_total{method="POST",route="/api/register",status="201"} 1`,
		`cardea_http_requests_total{method="POST",route="/login",status="401"} 1`,
		`cardea_http_requests_total{method="GET",route="none",status="404"} 1`,
		`cardea_http_request_duration_seconds_count{method="POST",route="/api/register"} 1`,
		`cardea_events_total{event="registered"} 1`,
		`cardea_events_total{event="login_failed"} 1`,
		`cardea_pool_running{pool="hashing"} 0`,
		`cardea_pool_waiting{pool="decoding"} 0`,
		`cardea_pool_refused_total{pool="hashing"} 0`,
		`cardea_pool_displaced_total{pool="hashing"} 0`,
		`cardea_pool_done_total{pool="hashing"} 2`,
		`cardea_pool_wait_seconds_total{pool="hashing"} `,
		`go_goroutines `,
		`process_open_fds `,
		`cardea_database_bytes `,
		`cardea_build_info{version="` + version + `"} 1`,
		`cardea_people 1`,
		`cardea_sessions 1`,
		`cardea_pictures 0`,
		`cardea_session_cache_entries `,
		`cardea_session_cache_hits_total `,
		`cardea_session_cache_misses_total `,
		`cardea_sweep_failures_total 0`,
	} {
		if !strings.Contains(metrics, "\n"+line) {
			t.Errorf("no %s", line)
		}
	}
}

// freeAddress is one that was free a moment ago.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // nothing was served
	return l.Addr().String()
}

func smallPicture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewNRGBA(image.Rect(0, 0, 20, 20))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
