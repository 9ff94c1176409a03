package repocheck

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// docs/asvs.md says which requirements Cardea meets, by what, and which test shows it.
// People have to judge whether that is true. These tests check that the page is complete
// and names only tests that exist.

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
)

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
			t.Errorf("%s comes after %v", r.number, last)
		}
		last = number
		if !slices.Contains([]string{"yes", "partly", "no"}, r.met) || r.by == "" {
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

// docs/asvs.md has every requirement that applies, with its level, and no other.
func TestRequirementsAreComplete(t *testing.T) {
	want := map[string]string{}
	for line := range strings.Lines(readText(t, "internal/repocheck/testdata/asvs.tsv")) {
		if number, level, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
			want[number] = level
		}
	}
	for _, r := range requirements(t) {
		if level := want[r.number]; level != r.level {
			t.Errorf("%s has level %s here, in the list of requirements %s", r.number, r.level, cmp.Or(level, "none"))
		}
		delete(want, r.number)
	}
	for number := range want {
		t.Errorf("%s is missing", number)
	}
}
