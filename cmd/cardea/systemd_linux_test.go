package main

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// unitFile reads the unit with the program of this test.
func unitFile(t *testing.T) string {
	t.Helper()
	text := string(readFile(t, filepath.Join(repository, "examples", "systemd", "cardea.service")))
	if strings.Count(text, "ExecStart=/usr/local/bin/cardea serve\n") != 1 {
		t.Fatalf("the unit does not start Cardea: %s", text)
	}
	return strings.ReplaceAll(text, "/usr/local/bin/cardea", binary)
}

// systemd itself finds nothing to say about the unit, and takes it for well confined.
func TestUnit(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		skipFault(t, "the unit is read by systemd-analyze, of Debian's package systemd", err)
	}
	text := unitFile(t)
	file := writeFile(t, filepath.Join(t.TempDir(), "cardea.service"), []byte(text))
	withMail := writeFile(t, filepath.Join(t.TempDir(), "cardea.service"), []byte(uncommented(text)))
	for _, args := range [][]string{
		{"verify", file},
		{"verify", withMail},
		{"security", "--offline=true", "--threshold=15", file}, // 1.5 of 10; the network alone is 0.8
	} {
		out, err := exec.CommandContext(t.Context(), analyze, args...).CombinedOutput() //nolint:gosec // of the test
		if err != nil || args[0] == "verify" && len(out) > 0 {
			t.Errorf("systemd-analyze %s: %v\n%s", args, err, out)
		}
	}
}

// uncommented has all settings of the unit that are commented out.
func uncommented(unit string) string {
	var b strings.Builder
	for line := range strings.Lines(unit) {
		if s, ok := strings.CutPrefix(line, "#"); ok && strings.Contains(s, "=") && !strings.HasPrefix(s, " ") {
			line = s
		}
		b.WriteString(line)
	}
	return b.String()
}

// The unit has only settings that Cardea knows, with values that it takes.
func TestUnitSetsWhatExists(t *testing.T) {
	var env []string
	for line := range strings.Lines(uncommented(unitFile(t))) {
		if setting, ok := strings.CutPrefix(strings.TrimSpace(line), "Environment="); ok {
			env = append(env, strings.ReplaceAll(setting, "%d", t.TempDir()))
		}
	}
	wantSettings(t, env, "CARDEA_DATA", "CARDEA_PUBLIC_URL", "CARDEA_SMTP_PASSWORD_FILE")
}

// wantSettings checks an environment that the documentation has, and that some settings are
// in it.
func wantSettings(t *testing.T, env []string, names ...string) options {
	t.Helper()
	if unknown := unknownVariables(env); unknown != nil {
		t.Errorf("there are no settings %s", unknown)
	}
	o, err := readSettings(nil, env)
	if err != nil {
		t.Error(err)
	}
	for _, name := range names {
		if !slices.ContainsFunc(env, func(e string) bool { return strings.HasPrefix(e, name+"=") }) {
			t.Errorf("%s is not set in %s", name, env)
		}
	}
	return o
}
