package main

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// runOn runs an operator's command on a data folder to its end, with a standard input.
func runOn(t testing.TB, data, stdin string, args ...string) *process {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, append(args, "--data", data)...)
	cmd.Dir = t.TempDir()
	cmd.Stdin = strings.NewReader(stdin)
	p := launch(t, cmd, cheap[:2]...)
	p.wait()
	return p
}

// wantDone fails the test unless the command succeeded, logged only events, and printed
// all of the words. It returns standard output.
func (p *process) wantDone(words ...string) string {
	p.t.Helper()
	if code := p.wait(); code != exitOK {
		p.t.Fatalf("%s: exit code %d, stderr:\n%s", p.cmd, code, &p.stderr)
	}
	p.events()
	for _, word := range words {
		if !strings.Contains(p.stdout.String(), word) {
			p.t.Errorf("%s: stdout does not say %q:\n%s", p.cmd, word, &p.stdout)
		}
	}
	return p.stdout.String()
}

// decode decodes JSON that a command printed.
func decode[T any](t testing.TB, text string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

// filesIn lists the files below a folder.
func filesIn(t testing.TB, folder string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func writeFile(t *testing.T, path string, content []byte) string {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// withPicture makes a data folder with a user who has a picture.
func withPicture(t *testing.T) (data string) {
	t.Helper()
	data = t.TempDir()
	s := serve(t, data, cheap)
	ann := s.client()
	ann.Post("/api/register", testkit.Registration("Ann", "ann@example.com", "simplepass")).Want(http.StatusCreated)
	ann.Upload("face.png", testkit.PNG(20, 20)).Want(http.StatusOK)
	s.stop()
	return data
}
