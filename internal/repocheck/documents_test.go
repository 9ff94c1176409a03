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
	for _, page := range []string{"docs/asvs.md", "docs/security.md", "CONTRIBUTING.md"} {
		for _, m := range fileName.FindAllStringSubmatch(readText(t, page), -1) {
			if _, err := os.Stat(filepath.FromSlash(m[1])); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
}

// longPages may have more lines than others.
var longPages = map[string]int{}

// A page has at most 250 lines, the README 150.
func TestPagesAreShort(t *testing.T) {
	for _, page := range documents(t) {
		most := 250
		if page == "README.md" {
			most = 150
		}
		n := strings.Count(readText(t, page), "\n")
		if limit, isLong := longPages[page]; isLong {
			if n <= most {
				t.Errorf("%s has %d lines; remove it from longPages", page, n)
			}
			most = limit
		}
		if n > most {
			t.Errorf("%s has %d lines, at most %d", page, n, most)
		}
	}
}

// unwrapped are pages that do not wrap at 100 columns yet.
var unwrapped = map[string]bool{ // until rewritten
	"ARCHITECTURE.md":                                   true,
	"README.md":                                         true,
	"docs/decisions/0001-layers.md":                     true,
	"docs/decisions/0002-orphans.md":                    true,
	"docs/decisions/0003-one-server-a-database.md":      true,
	"docs/decisions/0004-json.md":                       true,
	"docs/decisions/0005-login-answers-401.md":          true,
	"docs/decisions/0006-cookie-name.md":                true,
	"docs/decisions/0007-two-files.md":                  true,
	"docs/decisions/0008-bodies-are-read-to-the-end.md": true,
	"docs/decisions/0009-backup.md":                     true,
	"docs/decisions/0010-openapi-by-hand.md":            true,
	"docs/decisions/0011-workers.md":                    true,
	"docs/decisions/0012-picture-pipeline.md":           true,
	"docs/decisions/0013-session-cache.md":              true,
	"docs/decisions/0014-crops-and-faces.md":            true,
	"docs/decisions/0015-cheap-requests.md":             true,
}

// Lines wrap at 100 columns, except in tables and code.
func TestPagesAreWrapped(t *testing.T) {
	for _, page := range documents(t) {
		long, number, isCode := 0, 0, false
		for line := range strings.Lines(readText(t, page)) {
			number++
			line = strings.TrimSuffix(line, "\n")
			switch {
			case strings.HasPrefix(strings.TrimSpace(line), "```"):
				isCode = !isCode
			case isCode || strings.HasPrefix(line, "|") || !strings.Contains(strings.TrimSpace(line), " "):
			case utf8.RuneCountInString(line) > 100:
				long++
				if !unwrapped[page] {
					t.Errorf("%s:%d has more than 100 columns", page, number)
				}
			}
		}
		if unwrapped[page] && long == 0 {
			t.Errorf("%s is wrapped; remove it from unwrapped", page)
		}
	}
}
