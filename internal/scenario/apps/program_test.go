package apps

import (
	"bytes"
	"context"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit/need"
)

// program returns the path of a program.
func program(t *testing.T, debianPackage, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		need.Missing(t, "app", err.Error(), "install Debian's package "+debianPackage)
	}
	return path
}

// example copies a folder of examples/ to a temporary one, without what was installed there.
func example(t *testing.T, name string) string {
	t.Helper()
	from, to := os.DirFS(filepath.Join("..", "..", "..", "examples", name)), t.TempDir()
	err := fs.WalkDir(from, ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || path != "." && strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, path), 0o700)
		}
		data, err := fs.ReadFile(from, path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, path), data, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// start runs an app in a folder until stop is called or the test ends, and waits until it
// answers at its address, such as http://127.0.0.1:3000. The environment is what the app gets
// besides ours.
func start(t *testing.T, address, folder string, environment []string, path string, args ...string) (stop func()) {
	t.Helper()
	ctx, end := context.WithCancel(context.Background())
	var said lockedBuffer
	command := exec.CommandContext(ctx, path, args...) //nolint:gosec // of the test
	command.Dir, command.Stdout, command.Stderr = folder, &said, &said
	command.Env = append(os.Environ(), environment...)
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) } // it ends its children, too
	command.WaitDelay = time.Second                                                  // for children that still have its output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	stop = sync.OnceFunc(func() {
		end()
		<-ended //nolint:errcheck // it was ended
	})
	t.Cleanup(func() {
		stop()
		if t.Failed() {
			t.Logf("%s said:\n%s", path, said.String())
		}
	})
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for begun := time.Now(); !answers(t, address); <-tick.C {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("%s ended: %v", path, err)
		default:
		}
		if time.Since(begun) > 30*time.Second {
			t.Fatalf("%s does not answer", path)
		}
	}
	return stop
}

func answers(t *testing.T, address string) bool {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodHead, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		_ = res.Body.Close()
	}
	return err == nil
}

// lockedBuffer collects what a program says.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
