package main

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

var syscalls = regexp.MustCompile(`^\d+\s+(mkdirat|renameat2?|fsync|fdatasync)\((.*)\)\s+= 0$`)

// Every folder and file that a first start and an upload make is synced, its name too,
// before a later one relies on it: a power cut leaves no empty key and no missing picture.
func TestFilesAreSynced(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		skipFault(t, "system calls have to be traced", err)
	}
	above := t.TempDir()
	data, trace := filepath.Join(above, "new", "data"), filepath.Join(above, "trace")
	args := append([]string{"-D", "-f", "-y", "-s", "500", "-o", trace, "-e", "trace=mkdirat,renameat,renameat2,fsync,fdatasync"}, serveCommand(t, data).Args...)
	s := awaitServer(launch(t, exec.CommandContext(t.Context(), strace, args...), cheap...))
	ada := s.client()
	ada.Post("/api/register", testkit.Registration("Ada", "ada@example.com", "simplepass")).Want(201)
	ada.Upload("ada.png", testkit.EncodePNG(testkit.Noise(300, false))).Want(200)
	s.stop()

	path := regexp.MustCompile(`"([^"]+)"`)
	open := regexp.MustCompile(`<([^>]+)>`)
	var synced []string           // by the calls so far
	unsynced := map[string]bool{} // folders with a new name in them
	renamed := 0
	for line := range strings.Lines(joined(string(readFile(t, trace)))) {
		call := syscalls.FindStringSubmatch(strings.TrimSpace(line))
		if call == nil || !strings.Contains(line, above) {
			continue
		}
		paths := path.FindAllStringSubmatch(call[2], -1)
		switch {
		case strings.HasSuffix(call[1], "sync"):
			file := open.FindStringSubmatch(call[2])[1]
			synced = append(synced, file)
			delete(unsynced, file)
		case call[1] == "mkdirat":
			unsynced[filepath.Dir(paths[0][1])] = true
		default:
			renamed++
			if from := paths[0][1]; !strings.Contains("\n"+strings.Join(synced, "\n")+"\n", "\n"+from+"\n") {
				t.Errorf("%s was renamed before it was synced", from)
			}
			unsynced[filepath.Dir(paths[1][1])] = true
		}
	}
	if renamed < 3 || len(unsynced) > 0 {
		t.Errorf("%d files were renamed; folders not synced: %v", renamed, unsynced)
	}
}

// joined joins the lines of calls during which another thread made one: strace writes
// "7 fsync(3</a> <unfinished ...>", and later "7 <... fsync resumed>) = 0".
func joined(trace string) string {
	var b strings.Builder
	begun := map[string]string{} // by thread
	for line := range strings.Lines(trace) {
		thread, rest, _ := strings.Cut(line, " ")
		if before, isCut := strings.CutSuffix(strings.TrimSpace(rest), "<unfinished ...>"); isCut {
			begun[thread] = strings.TrimSpace(before)
			continue
		}
		if _, after, isRest := strings.Cut(rest, " resumed>"); isRest {
			line = thread + " " + begun[thread] + strings.TrimLeft(after, " ")
		}
		b.WriteString(line)
	}
	return b.String()
}
