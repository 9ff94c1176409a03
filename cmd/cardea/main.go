// Command cardea runs the accounts backend. "cardea serve" starts it without any
// configuration.
//
// Only this command reads flags and the environment, and only it changes what belongs
// to the whole process: signals, GOMAXPROCS and the garbage collector.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
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

// program is the environment of a command: arguments, variables and standard streams.
type program struct {
	args    []string
	environ []string
	stdin   *os.File
	stdout  *os.File
	stderr  *os.File
}

const usage = `Cardea is a user-accounts backend. It registers users, signs them in, keeps them
signed in with a cookie, tells your app who is signed in, and stores profile pictures.

Usage:
  cardea serve      run the server (no configuration needed)
  cardea user       list, show, add and delete users, set passwords, end sessions
  cardea import     import users from a Flask or Django app, or from a CSV file
  cardea export     write all users to one file, for other programs
  cardea mail       show mail that has not been sent yet, and send a test message
  cardea backup     copy everything to one file, while the server runs
  cardea restore    restore a backup to an empty data folder, database or storage
  cardea move       move users and pictures to another database and storage
  cardea check      look for damage to the database and the pictures
  cardea doctor     find problems between users' browsers and the server
  cardea health     ask the server on this machine whether it is ready
  cardea version    print version, commit and build
  cardea help       print this text

Start with "cardea serve" and open http://localhost:5000. "cardea serve --help" lists the
settings. Every command has its own --help.
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
	case "import":
		return p.importUsers(ctx, args)
	case "mail":
		return p.mail(ctx, args)
	case "doctor":
		return p.runCommand(ctx, doctorCommand, args)
	case "move":
		return p.runCommand(ctx, moveCommand, args)
	case "health":
		return p.runCommand(ctx, healthCommand, args)
	case "backup", "restore", "check", "export":
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

func wantsHelp(args []string) bool {
	return len(args) > 0 && (args[0] == "--help" || args[0] == "-help" || args[0] == "-h" || args[0] == "help")
}

// misused says in one line how the command was used wrongly.
func (p program) misused(message string) int {
	fmt.Fprintln(p.stderr, "cardea: "+shown(oneLine(message)))
	return exitUsage
}

// failed says in one line why the command failed.
func (p program) failed(err error) int {
	fmt.Fprintln(p.stderr, "cardea: "+shown(oneLine(err.Error())))
	return exitFailed
}

func oneLine(s string) string { return strings.ReplaceAll(s, "\n", "; ") }
