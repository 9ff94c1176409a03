package repocheck

import (
	"cmp"
	"path"
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
	testOfPackage = regexp.MustCompile("`(\\w+\\.(?:Test|Fuzz)\\w+)`")
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
	exists := map[string]bool{} // by folder and name, such as scenario.TestAudit
	walk(t, func(name string) {
		if strings.HasSuffix(name, "_test.go") {
			folder := path.Base(path.Dir(name))
			for _, f := range testFunction.FindAllStringSubmatch(readText(t, name), -1) {
				exists[folder+"."+f[1]] = true
			}
		}
	})
	for _, r := range requirements(t) {
		named := testOfPackage.FindAllStringSubmatch(r.shown, -1)
		if r.shown != "document" && r.shown != "—" && len(named) != len(strings.Split(r.shown, ", ")) {
			t.Errorf("%s: shown by %s; want `package.TestX`, with commas", r.number, r.shown)
		}
		for _, n := range named {
			if !exists[n[1]] {
				t.Errorf("%s: there is no %s", r.number, n[1])
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
