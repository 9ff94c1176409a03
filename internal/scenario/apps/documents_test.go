package apps

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// blocks returns the blocks of code of a language in a page of docs/.
func blocks(t *testing.T, page, language string) (list []string) {
	t.Helper()
	_, rest, found := strings.Cut(read(t, "docs", page), "```"+language+"\n")
	for found {
		var block string
		block, rest, _ = strings.Cut(rest, "```")
		list = append(list, block)
		_, rest, found = strings.Cut(rest, "```"+language+"\n")
	}
	return list
}

// read returns the text of a file of the module.
func read(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{"..", "..", ".."}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The documentation shows what the examples run.
func TestPagesShowTheExamples(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		page, language string
		files          []string
	}{
		{"flask.md", "python", []string{"flask-app/app.py"}},
		{"django.md", "python", []string{"django-app/app.py", "django-app/cardea.py"}},
		{"embed.md", "go", []string{"embed/main.go"}},
	} {
		source := ""
		for _, file := range c.files {
			source += read(t, "examples", filepath.FromSlash(file))
		}
		list := blocks(t, c.page, c.language)
		if len(list) < 3 {
			t.Errorf("docs/%s has %d blocks of %s", c.page, len(list), c.language)
		}
		for _, block := range list {
			if !strings.Contains(source, block) && !strings.Contains(block, "StripPrefix") { // which no example does
				t.Errorf("docs/%s shows what is not in %q:\n%s", c.page, c.files, block)
			}
		}
	}
}
