package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// An operator moves the data as root, while the server runs as another user. The server sees the pause,
// and its end, even if the command was killed and has left its file.
func TestPauseByRootIsSeenByOthers(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can try what another user sees")
	}
	folder := t.TempDir()
	for _, path := range []string{folder, filepath.Dir(folder)} {
		if err := os.Chmod(path, 0o755); err != nil { //nolint:gosec // nobody must get in
			t.Fatal(err)
		}
	}
	path := filepath.Join(folder, "cardea.db")
	e, err := newEngine(path, writerDSN(path), readerDSN(path))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close() //nolint:errcheck // the test ends
	before := syscall.Umask(0o077)
	tx, end, err := e.BeginPause(t.Context())
	syscall.Umask(before)
	if err != nil {
		t.Fatal(err)
	}
	wantSeen := func(want bool) {
		t.Helper()
		var isPaused bool
		asNobody(t, func() { isPaused, err = e.IsPaused(t.Context()) })
		if err != nil || isPaused != want {
			t.Errorf("paused: %v (%v), want %v", isPaused, err, want)
		}
	}
	wantSeen(true)
	left := filepath.Join(folder, "left")
	if err := errors.Join(os.Link(e.pauseFile(), left), tx.Rollback(), end(), os.Rename(left, e.pauseFile())); err != nil {
		t.Fatal(err)
	}
	wantSeen(false)
}

// asNobody runs f with another user's rights to files. They are those of one thread, which then ends.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := syscall.Setfsuid(65534)
		f()
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}
