package main

import (
	"bytes"
	"debug/buildinfo"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea"
)

var update = flag.Bool("update", false, "write testdata/serve-help.txt and docs/settings.md")

func TestServeHelp(t *testing.T) {
	p := run(t, nil, "serve", "--help")
	wantFile(t, filepath.Join("testdata", "serve-help.txt"), []byte(p.stdout.String()))
}

// Help goes to standard output, whatever else was typed.
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
	info, err := buildinfo.ReadFile(binary)
	want := describeBuild(info, err == nil) + "\n"
	for _, args := range []string{"version", "--version"} {
		p := run(t, nil, args)
		if code := p.wait(); code != exitOK || p.stdout.String() != want || p.stderr.String() != "" {
			t.Errorf("cardea %s: exit code %d, stdout %q, stderr %q, want stdout %q", args, code, &p.stdout, &p.stderr, want)
		}
	}
}

func TestVersionNamesTheCommit(t *testing.T) {
	platform := runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH + ")"
	built := func(settings ...debug.BuildSetting) *debug.BuildInfo { return &debug.BuildInfo{Settings: settings} }
	commit := debug.BuildSetting{Key: "vcs.revision", Value: "0123456789abcdef0123456789abcdef01234567"}
	date := debug.BuildSetting{Key: "vcs.time", Value: "2026-11-22T15:04:05Z"}
	changed := debug.BuildSetting{Key: "vcs.modified", Value: "true"}
	for _, c := range []struct {
		info *debug.BuildInfo
		want string
	}{
		{nil, "("},
		{built(), "("},
		{built(commit, date), "(commit 0123456789ab of 2026-11-22T15:04:05Z, "},
		{built(changed, commit, date), "(commit 0123456789ab of 2026-11-22T15:04:05Z with changes, "},
	} {
		if got, want := describeBuild(c.info, c.info != nil), "cardea "+version+" "+c.want+platform; got != want {
			t.Errorf("%q, want %q", got, want)
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
		t.Errorf("%s is not up to date; run go test ./cmd/cardea -update. It should be:\n%s", path, got)
	}
}

const settingsIntro = `# Settings

Cardea needs no configuration: ` + "`cardea serve`" + ` works as it is. Each setting is a flag and an
environment variable, which take the same values. There is no configuration file.

` + "```sh" + `
cardea serve --session-idle 7d
CARDEA_SESSION_IDLE=7d cardea serve
` + "```" + `

- A flag beats the variable, and the variable beats the default. An empty variable is not set.
- Times are days (` + "`14d`" + `) or hours, minutes and seconds (` + "`12h`, `1m30s`" + `).
- Lists are separated by commas.
- A value that is not allowed stops the start with exit code 2 and one line. The line names the
  setting, the value and what is allowed.
- The log warns about unknown variables that begin with ` + "`CARDEA_`" + `: most are misspelt.

> Password hashes weaker than
> [OWASP's minima](https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html)
> are for tests only. The defaults of ` + "`--argon2-memory` and `--argon2-time`" + ` meet them. With less,
> the server starts, but warns in its log.
`

const settingsEnd = `
This page is generated from the program by ` + "`go test ./cmd/cardea -update`. `cardea serve --help`" + `
prints the same.
`

func settingsPage() []byte {
	var page bytes.Buffer
	page.WriteString(settingsIntro)
	cell := strings.NewReplacer("|", `\|`)
	section := ""
	for _, s := range new(options).settings() {
		if s.Section != section {
			section = s.Section
			fmt.Fprintf(&page, "\n## %s\n\n| flag | environment variable | default | meaning |\n| --- | --- | --- | --- |\n", section)
		}
		_, meaning, standard := s.Help()
		if s.Default != "" {
			standard = "`" + standard + "`"
		}
		fmt.Fprintf(&page, "| `--%s` | `%s` | %s | %s |\n", s.Name, s.Variable(), cell.Replace(standard), cell.Replace(meaning))
	}
	page.WriteString(settingsEnd)
	return page.Bytes()
}

// Every command has help with an example.
func TestCommandsHelp(t *testing.T) {
	for _, c := range []string{"user list", "user show", "user add", "user set-password", "user end-sessions", "user delete", "backup", "restore", "check", "doctor"} {
		for _, args := range [][]string{append(strings.Fields(c), "--help"), append([]string{"help"}, strings.Fields(c)...)} {
			run(t, nil, args...).wantDone("Usage: cardea "+c, "Example", "  cardea "+c, "--json", "CARDEA_DATA")
		}
	}
	run(t, nil, "user", "--help").wantDone("cardea user set-password WHO")
}
