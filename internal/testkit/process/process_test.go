//go:build unix

package process_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit/process"
)

// A server is ready when it says so, keeps its pid, and ends by the signal of Stop.
func TestStartAndStop(t *testing.T) {
	t.Parallel()
	folder, remove, err := process.Folder("test")
	if err != nil {
		t.Fatal(err)
	}
	server, err := process.Start(sleeper(folder))
	if err != nil {
		t.Fatal(err)
	}
	if said := server.Log(); said != "started\n" {
		t.Errorf("it said %q", said)
	}
	if !isAlive(server.Pid()) {
		t.Error("it does not run")
	}
	for range 2 {
		if err := server.Stop(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
	}
	if isAlive(server.Pid()) {
		t.Error("it still runs")
	}
	remove()
	if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
}

// The error of a server that ends at once has what it said.
func TestStartOfAServerThatFails(t *testing.T) {
	t.Parallel()
	folder, remove, err := process.Folder("test")
	if err != nil {
		t.Fatal(err)
	}
	defer remove()
	_, err = process.Start(process.Program{
		Path: "sh", Args: []string{"-c", "echo no disk >&2; exit 3"}, Folder: folder, AtEnd: "TERM",
		IsReady: func(context.Context) error { return errors.New("no answer") },
	})
	if err == nil || !strings.Contains(err.Error(), "no disk") {
		t.Errorf("%v", err)
	}
}

// A test program that is killed leaves neither a server nor a folder behind.
func TestKilledTestProgram(t *testing.T) {
	t.Parallel()
	if report := os.Getenv("PROCESS_TEST_REPORT"); report != "" {
		startAndHang(t, report)
	}
	report := filepath.Join(t.TempDir(), "report")
	program := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledTestProgram$")
	program.Env = append(os.Environ(), "PROCESS_TEST_REPORT="+report)
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	var folder string
	var pid int
	eventually(t, "the server starts", func() bool {
		text, _ := os.ReadFile(report)
		words := strings.Fields(string(text))
		if len(words) != 3 {
			return false
		}
		folder = words[0]
		pid, _ = strconv.Atoi(words[1])
		return true
	})
	if _, err := os.Stat(folder); err != nil || !isAlive(pid) {
		t.Fatalf("no server with the pid %d, or %v", pid, err)
	}
	if err := program.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = program.Wait() // it was killed
	eventually(t, "the server ends", func() bool { return !isAlive(pid) })
	eventually(t, "the folder is removed", func() bool {
		_, err := os.Stat(folder)
		return errors.Is(err, fs.ErrNotExist)
	})
}

// startAndHang starts a server, and reports its folder and pid.
func startAndHang(t *testing.T, report string) {
	folder, _, err := process.Folder("test")
	if err != nil {
		t.Fatal(err)
	}
	server, err := process.Start(sleeper(folder))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(report, []byte(folder+" "+strconv.Itoa(server.Pid())+" end"), 0o600); err != nil {
		t.Fatal(err)
	}
	select {}
}

func sleeper(folder string) process.Program {
	return process.Program{
		Path: "sh", Args: []string{"-c", "echo started; touch ready; exec sleep 600"}, Folder: folder, AtEnd: "TERM",
		IsReady: func(context.Context) error {
			_, err := os.Stat(filepath.Join(folder, "ready"))
			return err
		},
	}
}

func isAlive(pid int) bool { return syscall.Kill(pid, 0) == nil }

func eventually(t *testing.T, what string, isSo func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for begun := time.Now(); !isSo(); <-tick.C {
		if time.Since(begun) > time.Minute {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}
