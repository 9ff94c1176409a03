package repocheck

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// docs/asvs.md says which requirements are met, by what and shown by which test.
// Whether that is true, people have to judge; these tests hold that it is complete
// and that what it names is there.

// requirement is a row of docs/asvs.md.
type requirement struct{ number, level, met, by, shown string }

func requirements(t *testing.T) (rows []requirement) {
	t.Helper()
	for line := range strings.Lines(readText(t, "docs/asvs.md")) {
		cells := strings.Split(strings.Trim(line, "| \n"), " | ")
		if len(cells) > 1 && isRequirement.MatchString(cells[0]) {
			if len(cells) != 6 {
				t.Fatalf("not six cells: %s", line)
			}
			rows = append(rows, requirement{cells[0], cells[1], strings.Trim(cells[3], "*"), cells[4], cells[5]})
		}
	}
	if len(rows) == 0 {
		t.Fatal("docs/asvs.md has no rows")
	}
	return rows
}

var (
	isRequirement = regexp.MustCompile(`^\d+\.\d+\.\d+$`)
	testInFile    = regexp.MustCompile("`((?:Test|Fuzz)\\w+)` in `([\\w/]+_test\\.go)`")
	testFunction  = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	fileName      = regexp.MustCompile("`([\\w./-]+\\.(?:go|md|sql|mod|sum)|Makefile|internal/[\\w/]+)`")
	localLink     = regexp.MustCompile(`\]\(([\w./-]+\.md)?(?:#([\w-]+))?\)`)
)

func readText(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(name)) //nolint:gosec // a file of the repository
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestRequirementsAreSorted(t *testing.T) {
	var last []int
	for _, r := range requirements(t) {
		var number []int
		for part := range strings.SplitSeq(r.number, ".") {
			n, err := strconv.Atoi(part)
			if err != nil {
				t.Fatal(err)
			}
			number = append(number, n)
		}
		if slices.Compare(number, last) <= 0 {
			t.Errorf("%s stands behind %v", r.number, last)
		}
		last = number
		if !slices.Contains([]string{"yes", "partly", "no"}, r.met) || !slices.Contains([]string{"1", "2", "3"}, r.level) || r.by == "" {
			t.Errorf("%+v", r)
		}
	}
}

func TestRequirementsNameTestsThatExist(t *testing.T) {
	for _, r := range requirements(t) {
		named := testInFile.FindAllStringSubmatch(r.shown, -1)
		if r.shown != "document" && r.shown != "—" && len(named) != len(strings.Split(r.shown, ", ")) {
			t.Errorf("%s: shown by %s; want `TestX` in `file_test.go`, with commas", r.number, r.shown)
		}
		for _, n := range named {
			found := testFunction.FindAllStringSubmatch(readText(t, n[2]), -1)
			if !slices.ContainsFunc(found, func(f []string) bool { return f[1] == n[1] }) {
				t.Errorf("%s: there is no %s in %s", r.number, n[1], n[2])
			}
		}
	}
}

// The files and sections that the two pages name are there.
func TestSecurityPagesNameWhatExists(t *testing.T) {
	for _, page := range []string{"docs/asvs.md", "docs/security.md"} {
		text := readText(t, page)
		for _, m := range fileName.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.FromSlash(m[1])); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
		for _, m := range localLink.FindAllStringSubmatch(text, -1) {
			target := page
			if m[1] != "" {
				target = "docs/" + m[1]
			}
			if m[2] != "" && !slices.Contains(anchors(readText(t, target)), m[2]) {
				t.Errorf("%s: %s has no section %s", page, target, m[2])
			}
		}
	}
}

// anchors lists what a page's headings can be linked to as.
func anchors(page string) (names []string) {
	for line := range strings.Lines(page) {
		if heading, ok := strings.CutPrefix(line, "## "); ok {
			names = append(names, strings.ReplaceAll(strings.ToLower(strings.TrimSpace(heading)), " ", "-"))
		}
	}
	return names
}

// Where the list of requirements lies beside the repository, none of those for
// what Cardea has may be missing, nor be of another level.
func TestRequirementsAreComplete(t *testing.T) {
	const list = "../shared/design/asvs-5.0.tsv"
	if _, err := os.Stat(list); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("%s is not here: whether docs/asvs.md has every requirement was not checked", list)
	}
	want := map[string]string{}
	for line := range strings.Lines(readText(t, list)) {
		if columns := strings.Split(line, "\t"); len(columns) > 2 && columns[2] == "c" {
			want[columns[0]] = columns[1]
		}
	}
	for _, r := range requirements(t) {
		if level := want[r.number]; level != r.level {
			t.Errorf("%s is of level %s here, in the list of %s", r.number, r.level, cmp.Or(level, "none"))
		}
		delete(want, r.number)
	}
	for number := range want {
		t.Errorf("%s is missing", number)
	}
}
