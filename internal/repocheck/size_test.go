package repocheck

import (
	"strings"
	"testing"
)

// longFiles are the files of more than 300 lines, with the reason.
var longFiles = map[string]string{
	"config.go":                   "until split",
	"cmd/cardea/settings.go":      "until split",
	"internal/account/picture.go": "until split",
}

// A file has at most 300 lines, a scenario 400.
func TestFilesAreShort(t *testing.T) {
	walk(t, func(name string) {
		most := 300
		isScenario := strings.HasPrefix(name, "internal/scenario/")
		if isScenario {
			most = 400
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") && !isScenario {
			return
		}
		n := strings.Count(readText(t, name), "\n")
		_, isLong := longFiles[name]
		switch {
		case n > most && !isLong:
			t.Errorf("%s has %d lines, at most %d", name, n, most)
		case n <= most && isLong:
			t.Errorf("%s has %d lines; remove it from longFiles", name, n)
		}
	})
}
