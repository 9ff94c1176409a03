package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea"
)

var update = flag.Bool("update", false, "write testdata/serve-help.txt and docs/settings.md anew")

func TestServeHelp(t *testing.T) {
	p := run(t, nil, "serve", "--help")
	wantFile(t, filepath.Join("testdata", "serve-help.txt"), []byte(p.stdout.String()))
}

// Help is an answer, not an error: it is on stdout, whatever else was typed.
func TestHelp(t *testing.T) {
	const serving, printing, all = "Usage: cardea serve [flags]", "Usage: cardea version", "cardea serve      run the server"
	for args, want := range map[string]string{
		"serve --help":              serving,
		"serve -h":                  serving,
		"serve --listen x --help":   serving,
		"serve --session-idle=x -h": serving,
		"version --help":            printing,
		"version -h":                printing,
		"help":                      all,
		"help --help":               all,
		"--help":                    all,
		"-h":                        all,
	} {
		t.Run(args, func(t *testing.T) {
			p := run(t, nil, strings.Fields(args)...)
			if code := p.wait(); code != exitOK || p.stderr.String() != "" || !strings.Contains(p.stdout.String(), want) {
				t.Errorf("exit code %d, stderr %q, stdout:\n%s\nwant 0, nothing, and %q", code, &p.stderr, &p.stdout, want)
			}
		})
	}
}

func TestVersion(t *testing.T) {
	want := fmt.Sprintf("cardea %s (%s %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	for _, args := range []string{"version", "--version"} {
		p := run(t, nil, args)
		if code := p.wait(); code != exitOK || p.stdout.String() != want || p.stderr.String() != "" {
			t.Errorf("cardea %s: exit code %d, stdout %q, stderr %q, want stdout %q", args, code, &p.stdout, &p.stderr, want)
		}
	}
}

// TestDefaults keeps the defaults of the program in step with those of the package.
func TestDefaults(t *testing.T) {
	got, err := readSettings(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := cardea.Default()
	want.Log, want.Clock = nil, nil // not settings
	if !reflect.DeepEqual(got.Config, want) {
		t.Errorf("without settings: %+v\nwant cardea.Default: %+v", got.Config, want)
	}
}

// TestSettingsPage keeps docs/settings.md in step with the table of settings.
func TestSettingsPage(t *testing.T) {
	wantFile(t, filepath.Join("..", "..", "docs", "settings.md"), settingsPage())
}

// wantFile compares with a file of the repository or, with -update, writes it.
func wantFile(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not up to date; go test ./cmd/cardea -update writes it anew. It should be:\n%s", path, got)
	}
}

const settingsIntro = `# Settings

` + "`cardea serve`" + ` needs no configuration. What can be set is set with flags or environment variables; there is no
configuration file. Each flag has a variable, and both take the same values:

` + "```sh" + `
cardea serve --session-idle 24h
CARDEA_SESSION_IDLE=24h cardea serve
` + "```" + `

A flag beats the variable, and the variable beats the default; a variable that is empty counts as not set. A value that
is not allowed stops the start with exit code 2 and one line that names the setting, the value and what is allowed. An
unknown variable whose name begins with ` + "`CARDEA_`" + ` is warned about in the log, since it is most likely misspelt.

> Password hashes weaker than [OWASP's minima](https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html)
> are only for tests. The defaults of ` + "`--argon2-memory`" + ` and ` + "`--argon2-time`" + ` are one of these minima; with less, the
> server starts, but warns in its log.

| flag | environment variable | default | meaning |
| --- | --- | --- | --- |
`

const settingsEnd = `
This page is generated from the program's own table of settings by ` + "`go test ./cmd/cardea -update`" + `; ` +
	"`cardea serve --help`" + ` prints the same.
`

func settingsPage() []byte {
	var page bytes.Buffer
	page.WriteString(settingsIntro)
	cell := strings.NewReplacer("|", `\|`)
	for _, s := range settings {
		_, usage := flag.UnquoteUsage(&flag.Flag{Usage: s.usage})
		// Where the default is no value to type, the usage describes it at its end.
		meaning, standard, _ := strings.Cut(usage, "; default: ")
		if s.value != "" {
			standard = "`" + s.value + "`"
		}
		fmt.Fprintf(&page, "| `--%s` | `%s` | %s | %s |\n", s.name, s.env(), cell.Replace(standard), cell.Replace(meaning))
	}
	page.WriteString(settingsEnd)
	return page.Bytes()
}
