package repocheck

import (
	"strings"
	"testing"
)

// A file has at most 300 lines, a test 400.
func TestFilesAreShort(t *testing.T) {
	walk(t, func(name string) {
		most := 300
		if strings.HasSuffix(name, "_test.go") {
			most = 400
		}
		if n := strings.Count(readText(t, name), "\n"); strings.HasSuffix(name, ".go") && n > most {
			t.Errorf("%s has %d lines, at most %d", name, n, most)
		}
	})
}
