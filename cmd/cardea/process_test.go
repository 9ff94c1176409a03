package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// The tests of this package run the real program, as operators do. It is built once. Of the
// CARDEA_ variables it gets only those that a test sets.

// binary is the program.
var binary string

// patience is how long tests wait for something that happens soon.
const patience = 20 * time.Second

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "cardea-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	binary = filepath.Join(dir, "cardea")
	build := exec.CommandContext(context.Background(), "go", "build", "-o", binary, ".")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// process is the program, while it runs and after it has ended.
type process struct {
	t              testing.TB
	cmd            *exec.Cmd
	began          time.Time
	stdout, stderr output
	ended          chan struct{} // closed at the end
}

// launch starts a command, which is killed at the end of the test.
func launch(t testing.TB, cmd *exec.Cmd, env ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: cmd, began: time.Now(), ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.stdout, &p.stderr
	places := place(t, cmd, env) // may set the credentials of a bucket
	cmd.Env = slices.Concat(foreignEnvironment(), places, env)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { defer close(p.ended); _ = cmd.Wait() }() // code tells how it ended
	t.Cleanup(p.cleanUp)
	return p
}

// foreignEnvironment returns the environment without settings of Cardea.
func foreignEnvironment() []string {
	var env []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "CARDEA_") {
			env = append(env, e)
		}
	}
	return env
}

// run runs the program to its end in an empty folder.
func run(t testing.TB, env []string, args ...string) *process {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Dir = t.TempDir() // for data that it should not make
	p := launch(t, cmd, env...)
	p.wait()
	return p
}

// wait waits for the end and returns the exit code, or -1 if a signal ended the program.
func (p *process) wait() int {
	p.t.Helper()
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		p.t.Fatalf("%s did not end; stdout:\n%s\nstderr:\n%s", p.cmd, &p.stdout, &p.stderr)
		return 0
	}
}

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// kill ends the process at once, as a crash would.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.ended
}

// cleanUp ends the process. No test may have made it print a stack trace.
func (p *process) cleanUp() {
	p.kill()
	for _, out := range []*output{&p.stdout, &p.stderr} {
		if strings.Contains(out.String(), "goroutine ") {
			p.t.Errorf("%s printed a stack trace:\n%s", p.cmd, out)
		}
	}
}

// wantEnd fails the test unless the program ended with an exit code and gave the reason in
// one line on standard error, which contains all of the words.
func (p *process) wantEnd(code int, words ...string) {
	p.t.Helper()
	if got := p.wait(); got != code {
		p.t.Fatalf("%s: exit code %d, want %d; stderr:\n%s", p.cmd, got, code, &p.stderr)
	}
	line := p.stderr.String()
	if strings.Count(line, "\n") != 1 || !strings.HasPrefix(line, "cardea: ") || !strings.HasSuffix(line, "\n") {
		p.t.Errorf("%s: want one line that begins with \"cardea: \" on stderr, got:\n%s", p.cmd, line)
	}
	for _, word := range words {
		if !strings.Contains(line, word) {
			p.t.Errorf("%s: stderr does not say %q: %s", p.cmd, word, line)
		}
	}
	if out := p.stdout.String(); out != "" {
		p.t.Errorf("%s: stdout is not empty:\n%s", p.cmd, out)
	}
}

// server is a running "cardea serve" that has said where it listens.
type server struct {
	*process
	addr string // the listener's, host:port
	url  string // as the server names it
}

// serve starts a server on a free port of the loopback and waits until it listens.
func serve(t testing.TB, data string, env []string, flags ...string) *server {
	t.Helper()
	return awaitServer(launch(t, serveCommand(t, data, flags...), env...))
}

func serveCommand(t testing.TB, data string, flags ...string) *exec.Cmd {
	args := append([]string{"serve", "--listen", "127.0.0.1:0", "--data", data}, flags...)
	return exec.CommandContext(t.Context(), binary, args...)
}

var greeting = regexp.MustCompile(`^Cardea \S+ listens on http://(\S+)(?: \(.+\))? and keeps its data in .+$`)

// awaitServer waits for the line that says where the server listens. Connections are
// accepted from then on.
func awaitServer(p *process) *server {
	p.t.Helper()
	select {
	case <-p.stdout.firstLine():
	case <-p.ended:
	case <-time.After(patience):
	}
	first, _, _ := strings.Cut(p.stdout.String(), "\n")
	match := greeting.FindStringSubmatch(first)
	if match == nil {
		p.t.Fatalf("%s does not say where it listens; stdout:\n%s\nstderr:\n%s", p.cmd, &p.stdout, &p.stderr)
	}
	return &server{p, strings.Replace(match[1], "localhost:", "127.0.0.1:", 1), "http://" + match[1]}
}

// client returns a client that is not signed in.
func (s *server) client() *testkit.Client { return testkit.NewClient(s.t, s.url) }

// stop stops the server, which must end cleanly.
func (s *server) stop() {
	s.t.Helper()
	s.signal(syscall.SIGTERM)
	s.wantStopped()
}

func (s *server) wantStopped() {
	s.t.Helper()
	if code := s.wait(); code != exitOK {
		s.t.Fatalf("the server stopped with exit code %d; stderr:\n%s", code, &s.stderr)
	}
}

// output collects what a process prints.
type output struct {
	mu    sync.Mutex
	text  bytes.Buffer
	first chan struct{} // closed when there is a line
}

// Write implements [io.Writer].
func (o *output) Write(b []byte) (int, error) {
	line := o.firstLine()
	o.mu.Lock()
	defer o.mu.Unlock()
	had := bytes.Contains(o.text.Bytes(), []byte("\n"))
	o.text.Write(b)
	if !had && bytes.Contains(b, []byte("\n")) {
		close(line)
	}
	return len(b), nil
}

// firstLine returns a channel that is closed when the first line is complete.
func (o *output) firstLine() chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.first == nil {
		o.first = make(chan struct{})
	}
	return o.first
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// eventually waits for a condition that nothing announces.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	within(t, patience, what, holds)
}

// within is eventually with another limit.
func within(t testing.TB, limit time.Duration, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited %v in vain: %s", limit, what)
		}
	}
}

// isRefused reports whether nothing listens at an address.
func isRefused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }
