// Package s3 runs a real S3 server for tests: versitygw, pinned in tools/go.mod, over a
// temporary folder. Tests of a program share one server; each gets a bucket of its own.
package s3

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience bounds the start of the server, which takes a tenth of a second once it is built.
const patience = time.Minute

// Credentials of the server. They are in the environment of the tests from the first [New] on.
const (
	AccessKey = "cardea"
	SecretKey = "cardea-secret"
	Region    = "us-east-1"
)

// Scratch is a folder of the server in each bucket, which is no object.
const Scratch = ".sgwtmp"

// everywhere is a flag of the tests whose pictures may be anywhere.
var everywhere = flag.Bool("s3", false, "keep the pictures of all tests in S3, not in a folder")

// Everywhere reports whether all pictures are to be in S3.
func Everywhere() bool { return *everywhere }

// Bucket is an empty bucket of the server.
type Bucket struct {
	Name     string
	Endpoint string // http://127.0.0.1:port
	Folder   string // where its objects are files
}

// Storage is the setting storage for the bucket, with further parameters such as redirect=true.
func (b Bucket) Storage(parameters ...string) string { return b.At(b.Endpoint, parameters...) }

// At is the setting storage for the bucket at another endpoint, such as that of a [Proxy].
func (b Bucket) At(endpoint string, parameters ...string) string {
	return "s3://" + b.Name + "?" + strings.Join(append([]string{"endpoint=" + endpoint, "region=" + Region}, parameters...), "&")
}

// New makes a bucket that lasts until the test ends. Without the server the test is skipped,
// except where the environment has CI=true or names s3 in CARDEA_TEST_REQUIRE: there it fails.
func New(t testing.TB) Bucket {
	t.Helper()
	return Over(t, filepath.Join(t.TempDir(), "bucket"))
}

// Over makes a bucket whose objects are the files of a folder, which is made if it is missing.
// It lasts until the test ends. The test is skipped or fails like that of [New].
func Over(t testing.TB, folder string) Bucket {
	t.Helper()
	s := hold(t)
	b := Bucket{Name: fmt.Sprintf("bucket-%d", s.next()), Endpoint: s.endpoint, Folder: folder}
	if err := errors.Join(os.MkdirAll(folder, 0o700), os.Symlink(folder, filepath.Join(s.root, b.Name))); err != nil {
		t.Fatal(err)
	}
	return b
}

// missing skips the test, or fails it where the environment asks for the server.
func missing(t testing.TB, reason error) {
	t.Helper()
	if os.Getenv("CI") == "true" || slices.Contains(strings.Split(os.Getenv("CARDEA_TEST_REQUIRE"), ","), "s3") {
		t.Fatalf("S3 cannot be tested: %v", reason)
	}
	t.Skipf("S3 IS NOT TESTED: %v", reason)
}

// shared is the server that runs, and how many tests need it.
var shared struct {
	mu      sync.Mutex
	running *server
	holders int
}

// hold returns the server and keeps it until the test ends. The last test stops it.
func hold(t testing.TB) *server {
	t.Helper()
	program, err := build()
	if err != nil {
		missing(t, err)
	}
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.running == nil {
		if shared.running, err = start(program); err != nil {
			t.Fatalf("versitygw does not start: %v", err)
		}
	}
	shared.holders++
	t.Cleanup(func() {
		shared.mu.Lock()
		defer shared.mu.Unlock()
		if shared.holders--; shared.holders == 0 {
			shared.running.stop()
			shared.running = nil
		}
	})
	return shared.running
}

// build returns the path of the server's program. The first build of a machine takes minutes,
// later ones are in Go's cache.
var build = sync.OnceValues(func() (string, error) {
	modules, err := toolsModule()
	if err != nil {
		return "", err
	}
	var problem bytes.Buffer
	command := exec.CommandContext(context.Background(), "go", "tool", "-modfile="+modules, "-n", "versitygw") //nolint:gosec // of this repository
	command.Stderr = &problem
	path, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("versitygw cannot be built: %w: %s", err, bytes.TrimSpace(problem.Bytes()))
	}
	return strings.TrimSpace(string(path)), nil
})

// toolsModule finds tools/go.mod above the folder of the tests.
func toolsModule() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		path := filepath.Join(folder, "tools", "go.mod")
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
		above := filepath.Dir(folder)
		if above == folder {
			return "", errors.New("there is no tools/go.mod")
		}
		folder = above
	}
}

// server is a versitygw.
type server struct {
	root     string
	endpoint string
	command  *exec.Cmd
	output   bytes.Buffer
	ended    chan struct{}
	buckets  int
}

func (s *server) next() int {
	shared.mu.Lock()
	defer shared.mu.Unlock()
	s.buckets++
	return s.buckets
}

func start(program string) (_ *server, err error) {
	s := &server{ended: make(chan struct{})}
	if s.root, err = os.MkdirTemp("", "cardea-s3-"); err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	s.endpoint = "http://" + address
	s.command = exec.CommandContext(context.Background(), program, "--port", address, "--health", "/health", "--keep-alive", "--quiet", "posix", "--bucketlinks", s.root) //nolint:gosec // as built
	s.command.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+AccessKey, "ROOT_SECRET_KEY="+SecretKey)
	s.command.Stdout, s.command.Stderr = &s.output, &s.output
	endWithTests(s.command)
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": AccessKey, "AWS_SECRET_ACCESS_KEY": SecretKey} {
		if err := os.Setenv(name, value); err != nil {
			return nil, err
		}
	}
	started := make(chan error)
	go s.run(started)
	if err := <-started; err != nil {
		return nil, err
	}
	if err := s.awaitHealth(); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func (s *server) awaitHealth() error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(patience); ; {
		request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, s.endpoint+"/health", http.NoBody)
		if err != nil {
			return err
		}
		if answer, err := http.DefaultClient.Do(request); err == nil {
			_ = answer.Body.Close()
			return nil
		}
		select {
		case <-tick.C:
		case <-s.ended:
			return errors.New(s.output.String())
		case <-deadline:
			return fmt.Errorf("not ready within %v", patience)
		}
	}
}

// stop ends the server and removes its folder.
func (s *server) stop() {
	_ = s.command.Process.Kill()
	<-s.ended
	_ = os.RemoveAll(s.root)
}

func freeAddress() (string, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close() //nolint:errcheck // it only found a port
	return l.Addr().String(), nil
}

// run starts the server and waits for its end, on a thread of its own: Linux ends the server
// with that thread.
func (s *server) run(started chan<- error) {
	lockThread()
	err := s.command.Start()
	started <- err
	if err == nil {
		_ = s.command.Wait() // it was told to end
	}
	close(s.ended)
}

// Remove takes the bucket from the server. Its folder stays.
func (b Bucket) Remove(t testing.TB) {
	t.Helper()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if err := os.Remove(filepath.Join(shared.running.root, b.Name)); err != nil {
		t.Fatal(err)
	}
}
