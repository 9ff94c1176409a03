package main

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// What is no file to read from, or to write to, is named in plain words.
func TestExportWantsFiles(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	data, pipe := filepath.Join(folder, "data"), filepath.Join(folder, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{folder, pipe} {
		if refused := runOn(t, data, "", "import", "cardea", "--from", from); !strings.Contains(refused.stderr.String(), "copy it to a file first") {
			t.Errorf("%s: %s", from, refused.stderr.String())
		}
	}
	runOn(t, data, "", "import", "csv", "--from", writeFile(t, filepath.Join(folder, "empty.csv"), []byte("email,password\n")), "--apply").wantDone()
	if refused := runOn(t, data, "", "export", "-"); !strings.Contains(refused.stderr.String(), "name a file") {
		t.Errorf("%s", refused.stderr.String())
	}
}
