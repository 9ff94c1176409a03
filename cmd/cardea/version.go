package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

func (p program) version(args []string) int {
	if wantsHelp(args) {
		fmt.Fprint(p.stdout, "Usage: cardea version\n\nPrints the version of Cardea, the commit it was built from, the version of Go, and the platform.\n")
		return exitOK
	}
	if len(args) > 0 {
		return p.misused("cardea version takes no arguments")
	}
	fmt.Fprintln(p.stdout, describeBuild(debug.ReadBuildInfo()))
	return exitOK
}

// describeBuild says in one line which program this is. Go records the commit when it
// builds in a checkout.
func describeBuild(info *debug.BuildInfo, ok bool) string {
	var parts []string
	if ok {
		recorded := map[string]string{}
		for _, s := range info.Settings {
			recorded[s.Key] = s.Value
		}
		if commit := recorded["vcs.revision"]; commit != "" {
			part := "commit " + commit[:min(12, len(commit))] + " of " + recorded["vcs.time"]
			if recorded["vcs.modified"] == "true" {
				part += " with changes"
			}
			parts = append(parts, part)
		}
	}
	parts = append(parts, runtime.Version()+" "+runtime.GOOS+"/"+runtime.GOARCH)
	return "cardea " + version + " (" + strings.Join(parts, ", ") + ")"
}
