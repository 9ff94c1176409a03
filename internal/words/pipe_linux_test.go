package words_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/cardea-accounts/cardea/internal/words"
)

// A pipe in an operator's folder does not keep the start waiting.
func TestPipeIsNoFile(t *testing.T) {
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, words.Folder), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(folder, words.Folder, "de.txt"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := words.Load(os.DirFS(folder)); err == nil || !strings.Contains(err.Error(), "words/de.txt: it is not a file") {
		t.Errorf("%v", err)
	}
}
