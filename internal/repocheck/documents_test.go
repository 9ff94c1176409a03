package repocheck

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// documents lists all pages of the module.
func documents(t *testing.T) (pages []string) {
	t.Helper()
	walk(t, func(name string) {
		if strings.HasSuffix(name, ".md") {
			pages = append(pages, name)
		}
	})
	return pages
}

var (
	link     = regexp.MustCompile(`\]\(([^)#\s]*)(?:#([^)\s]+))?\)`)
	fileName = regexp.MustCompile("`([\\w./-]+\\.(?:go|md|sql|mod|sum)|Makefile|internal/[\\w/]+)`")
)

// Links lead to files and sections that exist.
func TestLinksLeadSomewhere(t *testing.T) {
	for _, page := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(readText(t, page), -1) {
			if strings.Contains(m[1], ":") {
				continue // to another site
			}
			target := page
			if m[1] != "" {
				target = path.Join(path.Dir(page), m[1])
			}
			if _, err := os.Stat(filepath.FromSlash(target)); err != nil {
				t.Errorf("%s: %v", page, err)
			} else if m[2] != "" && !anchors(readText(t, target))[m[2]] {
				t.Errorf("%s: %s has no section %s", page, target, m[2])
			}
		}
	}
}

// anchors returns the names by which a page's headings can be linked to.
func anchors(page string) map[string]bool {
	names := map[string]bool{}
	for line := range strings.Lines(page) {
		if heading := strings.TrimLeft(line, "#"); heading != line {
			names[strings.Map(func(r rune) rune {
				switch {
				case r == ' ':
					return '-'
				case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
					return unicode.ToLower(r)
				}
				return -1
			}, strings.TrimSpace(heading))] = true
		}
	}
	return names
}

// The files that these pages name exist.
func TestPagesNameFilesThatExist(t *testing.T) {
	for _, page := range []string{"docs/asvs.md", "docs/security.md", "docs/security-email.md", "CONTRIBUTING.md"} {
		for _, m := range fileName.FindAllStringSubmatch(readText(t, page), -1) {
			if _, err := os.Stat(filepath.FromSlash(m[1])); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
}

// A page has at most 250 lines, the README 150.
func TestPagesAreShort(t *testing.T) {
	for _, page := range documents(t) {
		most := 250
		if page == "README.md" {
			most = 150
		}
		if n := strings.Count(readText(t, page), "\n"); n > most {
			t.Errorf("%s has %d lines, at most %d", page, n, most)
		}
	}
}

// Lines wrap at 100 columns, except in tables and code.
func TestPagesAreWrapped(t *testing.T) {
	for _, page := range documents(t) {
		number, isCode := 0, false
		for line := range strings.Lines(readText(t, page)) {
			number++
			line = strings.TrimSuffix(line, "\n")
			switch {
			case strings.HasPrefix(strings.TrimSpace(line), "```"):
				isCode = !isCode
			case isCode || strings.HasPrefix(line, "|") || !strings.Contains(strings.TrimSpace(line), " "):
			case utf8.RuneCountInString(line) > 100:
				t.Errorf("%s:%d has more than 100 columns", page, number)
			}
		}
	}
}
