package main

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// shellArgs returns the words that a shell makes of a command line.
func shellArgs(t *testing.T, line string) []string {
	t.Helper()
	words, err := exec.CommandContext(t.Context(), "sh", "-c", `for word in `+line+`; do printf '%s\0' "$word"; done`).Output()
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return strings.Split(strings.TrimSuffix(string(words), "\x00"), "\x00")
}

func TestShellWords(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "cardea-data", "/srv/a b", "Ann's", "'", "''$HOME`id`\\\"*", "s3://bucket/a?b&c=d", "two\nlines", "-x"} {
		for _, word := range []string{shellWord(text), shellPath(text)} {
			if got := shellArgs(t, word); !slices.Equal(got, []string{text}) {
				t.Errorf("%q as %s: the shell reads %q", text, word, got)
			}
		}
	}
	if got := shellPath("/var/lib/cardea-2"); got != "/var/lib/cardea-2" {
		t.Errorf("a usual path: %s", got)
	}
}

// What restore and move print can be pasted into a shell, whatever the paths are.
func TestPrintedSettingsArePasted(t *testing.T) {
	t.Parallel()
	_, file := backedUp(t)
	folder := filepath.Join(t.TempDir(), "Ann's files & more")
	data, pictures, database := filepath.Join(folder, "data"), filepath.Join(folder, "pictures"), filepath.Join(folder, "users.db")
	restored := runOn(t, data, "", "restore", file, "--storage", pictures, "--database", database).wantDone()
	_, command, _ := strings.Cut(strings.TrimSpace(restored), "Start the server with: ")
	if got, want := shellArgs(t, command), []string{"cardea", "serve", "--data", data, "--database", database, "--storage", pictures}; !slices.Equal(got, want) {
		t.Errorf("restore prints %q, want %q", got, want)
	}

	newPictures := filepath.Join(folder, "new pictures")
	moved := runOn(t, data, "", "move", "--storage", pictures, "--database", database, "--to-storage", newPictures).wantDone()
	_, set, _ := strings.Cut(moved, "change its settings to:")
	set, _, _ = strings.Cut(strings.TrimSpace(set), "\n")
	if got := shellArgs(t, set); !slices.Equal(got, []string{"CARDEA_STORAGE=" + newPictures}) {
		t.Errorf("move prints %q", got)
	}
}
