package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// build compiles the measured programs. Like their releases, PocketBase is built
// without symbols and Cardea with its Makefile's flags.
func (b *bench) build(ctx context.Context) error {
	for _, program := range []struct{ name, dir, pkg, flags string }{
		{"cardea", "..", "./cmd/cardea", "-s"},
		{"bare", ".", "./bare", ""},
		{"pocketbase", "pocketbase", ".", "-s -w"},
	} {
		b.progress("building %s", program.name)
		binary, err := filepath.Abs(b.binary(program.name))
		if err != nil {
			return err
		}
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags="+program.flags, "-o", binary, program.pkg) //nolint:gosec // the list above
		cmd.Dir = program.dir
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", program.name, err, out)
		}
	}
	return nil
}

func (b *bench) binary(name string) string { return filepath.Join(cache, "bin", name) }

// missing returns the first tool that is not installed, or "".
func missing(tools ...string) string {
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			return tool
		}
	}
	return ""
}

func hasFlask() bool {
	return missing("gunicorn", debianPython) == "" &&
		exec.Command(debianPython, "-c", "import flask_sqlalchemy").Run() == nil //nolint:noctx // it takes a moment
}

// firstLine runs a command and returns the first line of its output.
func firstLine(name string, args ...string) string {
	out, _ := exec.Command(name, args...).CombinedOutput() //nolint:gosec,noctx // wrk -v ends with status 1
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return line
}
