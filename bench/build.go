package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// build compiles what is measured. PocketBase as its releases are, without symbols;
// Cardea as its Makefile does.
func (b *bench) build(ctx context.Context) error {
	for _, program := range []struct{ name, dir, pkg, flags string }{
		{"cardea", "..", "./cmd/cardea", ""},
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

// missing tells which tool is not installed; empty: none.
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
		exec.Command(debianPython, "-c", "import flask_sqlalchemy").Run() == nil //nolint:noctx // a moment
}

// firstLine runs a command that tells a version.
func firstLine(name string, args ...string) string {
	out, _ := exec.Command(name, args...).CombinedOutput() //nolint:gosec,noctx // wrk -v ends with status 1
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return line
}
