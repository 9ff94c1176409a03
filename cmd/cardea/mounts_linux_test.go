package main

import (
	"path/filepath"
	"testing"
)

// On a full disk, the start and the commands say what has no room, and where.
func TestCommandsOnAFullDisk(t *testing.T) {
	disk, data := smallDisk(t), withPicture(t)
	full := filepath.Join(disk, "data")
	backup := filepath.Join(t.TempDir(), "b.tar")
	operate(t, data, "", "backup", backup).wantDone()
	operate(t, full, "", "restore", backup).wantDone()
	fill(t, disk)
	serveOnce(t, full).wantEnd(exitFailed, filepath.Join(full, "cardea.db"), "no space is left where the database lies; make room there")
	operate(t, full, "", "user", "list").wantEnd(exitFailed, filepath.Join(full, "cardea.db"), "no space is left where the database lies; make room there")
	operate(t, data, "", "backup", filepath.Join(disk, "b.tar")).wantEnd(exitFailed, "no space is left in the folder "+disk)
	operate(t, filepath.Join(disk, "new"), "", "restore", backup).wantEnd(exitFailed, filepath.Join(disk, "new"), "no space left on device")
}
