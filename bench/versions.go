package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// versions lists the measured programs and the tools, as far as they are installed.
func versions() []string {
	all := []string{runtime.Version(), "PocketBase " + pocketBaseVersion()}
	for _, t := range []struct{ tool, flag, name string }{
		{"gunicorn", "--version", ""}, {"psql", "--version", ""}, {"node", "--version", "better-auth " + betterAuthVersion() + " on node "},
		{"wrk", "-v", ""}, {"vipsthumbnail", "--version", ""},
	} {
		if missing(t.tool) == "" {
			version, _, _ := strings.Cut(firstLine(t.tool, t.flag), " Copyright")
			all = append(all, t.name+version)
		}
	}
	return all
}

func betterAuthVersion() string {
	var pinned struct{ Dependencies map[string]string }
	text, err := os.ReadFile("betterauth/package.json")
	if err == nil {
		err = json.Unmarshal(text, &pinned)
	}
	if err != nil {
		return err.Error()
	}
	return pinned.Dependencies["better-auth"]
}

func pocketBaseVersion() string {
	cmd := exec.Command("go", "list", "-m", "-f", "{{.Version}}", "github.com/pocketbase/pocketbase") //nolint:noctx // it takes a moment
	cmd.Dir = "pocketbase"
	out, _ := cmd.Output()
	return strings.TrimSpace(string(out))
}
