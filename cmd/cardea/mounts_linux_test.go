package main

import (
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

// On a full disk the server and the commands say which disk has no space left.
func TestCommandsOnAFullDisk(t *testing.T) {
	house.OnlySQLite(t, "the file is on a full disk")
	disk, data := smallDisk(t), withPicture(t)
	full := filepath.Join(disk, "data")
	backup := filepath.Join(t.TempDir(), "b.tar")
	runOn(t, data, "", "backup", backup).wantDone()
	runOn(t, full, "", "restore", backup).wantDone()
	fill(t, disk)
	serveOnce(t, full).wantEnd(exitFailed, filepath.Join(full, "cardea.db"), "no space is left on the disk of the database; free some")
	runOn(t, full, "", "user", "list").wantEnd(exitFailed, filepath.Join(full, "cardea.db"), "no space is left on the disk of the database; free some")
	runOn(t, data, "", "backup", filepath.Join(disk, "b.tar")).wantEnd(exitFailed, "no space is left in the folder "+disk)
	runOn(t, filepath.Join(disk, "new"), "", "restore", backup).wantEnd(exitFailed, filepath.Join(disk, "new"), "no space left on device")
}

// readOnly mounts a folder a second time, read-only.
func readOnly(t *testing.T, folder string) (elsewhere string) {
	t.Helper()
	elsewhere = t.TempDir()
	err := syscall.Mount(folder, elsewhere, "", syscall.MS_BIND, "")
	if err != nil {
		skipFault(t, "the test mounts a folder a second time", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(elsewhere, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	if err := syscall.Mount("", elsewhere, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		skipFault(t, "the test makes a mount read-only", err)
	}
	return elsewhere
}

// On read-only data, users can be listed, and the data checked and backed up. A server that
// can write to the data may run meanwhile.
func TestCommandsOnReadOnlyData(t *testing.T) {
	house.OnlySQLite(t, "the file cannot be written")
	data := withPicture(t)
	here := readOnly(t, data)
	look := func() {
		t.Helper()
		runOn(t, here, "", "user", "list").wantDone("ann@example.com")
		runOn(t, here, "", "check").wantDone("All is well: 1 user")
		backup := filepath.Join(t.TempDir(), "b.tar")
		runOn(t, here, "", "backup", backup).wantDone("verified: 1 user")
		runOn(t, filepath.Join(t.TempDir(), "restored"), "", "restore", backup).wantDone("1 picture")
		runOn(t, here, "", "user", "delete", "ann@example.com", "--yes").wantEnd(exitFailed, "read-only here")
	}
	look()
	s := serve(t, data, cheap)
	s.client().Post("/api/login", testkit.Credentials("ann@example.com", "simplepass")).Want(http.StatusOK)
	look()
	s.kill()
	look()
	if err := os.Remove(filepath.Join(data, "cardea.db-shm")); err != nil {
		t.Fatal(err)
	}
	runOn(t, here, "", "user", "list").wantEnd(exitFailed, "copy the data folder to where it can be written")
	serveOnce(t, here).wantEnd(exitFailed, "read-only file system")
}
