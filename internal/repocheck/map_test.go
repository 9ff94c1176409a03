package repocheck

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// mapped lists the paths in the map of ARCHITECTURE.md, which start its lines.
func mapped(t *testing.T) (paths []string) {
	t.Helper()
	inside := false
	for line := range strings.Lines(readText(t, "ARCHITECTURE.md")) {
		switch {
		case strings.HasPrefix(line, "```") && inside:
			return paths
		case strings.HasPrefix(line, "```"):
			inside = true
		case inside && strings.TrimLeft(line, " \n") == line: // a line that starts with a space continues the one before
			paths = append(paths, strings.Fields(line)[0])
		}
	}
	t.Fatal("ARCHITECTURE.md has no map between two lines of ```")
	return nil
}

func TestMapMatchesTheTree(t *testing.T) {
	paths := mapped(t)
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			t.Errorf("the map names %s: %v", p, err)
		} else if info.IsDir() != strings.HasSuffix(p, "/") {
			t.Errorf("the map names %s; only folders end with a slash, and all of them", p)
		}
	}
	want := []string{"docs/", "docs/decisions/", "tools/", "scripts/", "cardea.go"}
	for name := range goFolders(t) {
		if name != "." { // cardea.go stands for the root
			want = append(want, name+"/")
		}
	}
	for _, p := range want {
		if !slices.Contains(paths, p) {
			t.Errorf("the map does not name %s", p)
		}
	}
}
