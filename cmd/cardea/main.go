// Command cardea runs the accounts backend: "cardea serve" is all it takes.
//
// This is the only place that reads flags and the environment; what it learns
// goes into a cardea.Config.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/cardea-accounts/cardea"
)

// version of this release.
const version = cardea.Version

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	p := program{args: os.Args[1:], environ: os.Environ(), stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	os.Exit(p.run(ctx))
}

// program is what a command sees of the world.
type program struct {
	args    []string
	environ []string
	stdin   *os.File
	stdout  *os.File
	stderr  *os.File
}

const usage = `Cardea is a user-accounts backend: it registers people, signs them in, keeps
them signed in with a cookie, says who they are, and keeps their profile picture.

Usage:
  cardea serve      run the server (no configuration needed)
  cardea user       list, show, add and delete people, set passwords, end sessions
  cardea backup     copy everything to one file, while the server runs
  cardea restore    make a data folder from a backup
  cardea check      look for damage
  cardea version    print the version
  cardea help       print this text

"cardea serve --help" lists the settings; every command has its --help.
`

func (p program) run(ctx context.Context) int {
	if len(p.args) == 0 {
		fmt.Fprint(p.stderr, usage)
		return exitUsage
	}
	switch command, args := p.args[0], p.args[1:]; command {
	case "serve":
		return p.serve(ctx, args)
	case "user":
		return p.user(ctx, args)
	case "backup", "restore", "check":
		return p.runCommand(ctx, dataCommands[command], args)
	case "version", "--version", "-version":
		return p.version(args)
	case "help", "--help", "-help", "-h":
		return p.help(ctx, args)
	default:
		return p.misused(fmt.Sprintf("there is no command %q; see cardea help", command))
	}
}

// help prints the help of a command, or of all.
func (p program) help(ctx context.Context, args []string) int {
	if len(args) == 0 || wantsHelp(args) {
		fmt.Fprint(p.stdout, usage)
		return exitOK
	}
	p.args = append(slices.Clone(args), "--help")
	return p.run(ctx)
}

func (p program) version(args []string) int {
	if wantsHelp(args) {
		fmt.Fprint(p.stdout, "Usage: cardea version\n\nPrints the version of Cardea, Go and the platform.\n")
		return exitOK
	}
	if len(args) > 0 {
		return p.misused("cardea version takes no arguments")
	}
	fmt.Fprintf(p.stdout, "cardea %s (%s %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return exitOK
}

func wantsHelp(args []string) bool {
	return len(args) > 0 && (args[0] == "--help" || args[0] == "-help" || args[0] == "-h" || args[0] == "help")
}

// misused says in one line how the command was used wrongly.
func (p program) misused(message string) int {
	fmt.Fprintln(p.stderr, "cardea: "+oneLine(message))
	return exitUsage
}

// failed says in one line why the command failed.
func (p program) failed(err error) int {
	fmt.Fprintln(p.stderr, "cardea: "+oneLine(err.Error()))
	return exitFailed
}

func oneLine(s string) string { return strings.ReplaceAll(s, "\n", "; ") }
