package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/database"
	"github.com/cardea-accounts/cardea/internal/datadir"
	"github.com/cardea-accounts/cardea/internal/operate"
	"github.com/cardea-accounts/cardea/internal/password"
	"github.com/cardea-accounts/cardea/internal/settings"
)

// command is an operator's command on the data folder.
type command struct {
	name     string   // as typed, after cardea
	argument string   // the name of its one argument, in brackets if it is optional; empty: none
	about    string   // what it does, for its help
	settings []string // the settings that it takes
	run      func(ctx context.Context, in *invocation) error
	cutOff   string // what to say after a signal; empty: that nothing is left half done
}

// invocation is a command that runs.
type invocation struct {
	program
	cfg         cardea.Config
	listen      string // where a server with the same settings listens
	argument    string
	interrupted <-chan struct{} // closed by a signal
	saidAsJSON  bool            // nothing more may be printed as JSON
	own
}

// where are the settings that every command on data takes.
var where = []string{"data", "database", "database-password-file", "storage"}

// usageError says how a command was used wrongly.
type usageError struct{ error }

// errReported means that the problems were printed already.
var errReported = errors.New("reported")

// runCommand reads the flags, runs the command and prints why it failed.
func (p program) runCommand(ctx context.Context, c command, args []string) int {
	in := &invocation{program: p, interrupted: ctx.Done()}
	var o options
	takes := slices.DeleteFunc(o.settings(), func(s cardea.Setting) bool { return !slices.Contains(c.settings, s.Name) })
	rest, err := readFlags(&o, c.name, takes, func(f *flag.FlagSet) {
		for _, flag := range c.ownFlags() {
			flag.add(f, &in.own, flag.name)
		}
	}, args, p.environ)
	if errors.Is(err, flag.ErrHelp) || len(rest) > 0 && rest[0] == "help" {
		c.help(p.stdout, takes)
		return exitOK
	}
	if err == nil {
		err = errors.Join(in.refused...)
	}
	if err == nil {
		in.argument, err = c.oneArgument(rest)
	}
	if err == nil {
		in.cfg, in.listen = o.Config, o.listen
		in.saidAsJSON = c.name == "backup" && in.argument == "-" // standard output is the backup's
		err = c.run(ctx, in)
	} else {
		err = usageError{err}
	}
	var wrong usageError
	_, isUnfinished := errors.AsType[operate.UnfinishedError](err) // it says what to do, after a signal, too
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errReported):
		return exitFailed
	case errors.As(err, &wrong):
		err = errors.New(wrong.Error() + " (see cardea " + c.name + " --help)")
		in.failAsJSON(err)
		return p.misused(err.Error())
	case ctx.Err() != nil && !isUnfinished:
		err = errors.New(cmp.Or(c.cutOff, "interrupted; nothing is left half done"))
	}
	in.failAsJSON(err)
	return p.failed(err)
}

// failAsJSON prints the error as JSON, for programs. Standard error has it, too.
func (in *invocation) failAsJSON(err error) {
	if in.json && !in.saidAsJSON {
		_ = in.printJSON(struct {
			OK    bool   `json:"ok"`
			Error string `json:"error"`
		}{false, oneLine(err.Error())})
	}
}

func (c command) oneArgument(rest []string) (string, error) {
	isOptional := strings.HasPrefix(c.argument, "[")
	switch {
	case c.argument == "" && len(rest) > 0:
		return "", fmt.Errorf("cardea %s takes no argument %q, only flags", c.name, rest[0])
	case len(rest) == 0 && (c.argument == "" || isOptional):
		return "", nil
	case len(rest) != 1, rest[0] == "":
		return "", fmt.Errorf("cardea %s needs one %s", c.name, strings.Trim(c.argument, "[]"))
	}
	return rest[0], nil
}

// help prints what the command is for, and its flags.
func (c command) help(w io.Writer, takes []cardea.Setting) {
	usage := "cardea " + c.name
	if c.argument != "" {
		usage += " " + c.argument
	}
	fmt.Fprintf(w, "Usage: %s [flags]\n\n%s\nFlags:\n", usage, strings.TrimLeft(c.about, "\n"))
	for _, f := range c.ownFlags() {
		placeholder, text := flag.UnquoteUsage(&flag.Flag{Usage: f.usage})
		if strings.Contains(f.usage, "`") {
			placeholder = " " + placeholder
		} else {
			placeholder = ""
		}
		fmt.Fprintf(w, "  --%s%s\n        %s\n", f.name, placeholder, text)
	}
	fmt.Fprint(w, "\nThe settings are those of cardea serve.\n")
	describe(w, takes)
}

// onData runs f on the data folder.
func onData(f func(ctx context.Context, in *invocation, data *operate.Data) error) func(context.Context, *invocation) error {
	return func(ctx context.Context, in *invocation) (err error) {
		data, err := in.open(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, data.Close()) }()
		return f(ctx, in, data)
	}
}

// open opens the data.
func (in *invocation) open(ctx context.Context) (*operate.Data, error) {
	place, err := in.place()
	if err != nil {
		return nil, err
	}
	return operate.Open(ctx, place, in.options())
}

// dir is the data folder that the settings name.
func (in *invocation) dir() datadir.Dir {
	file := in.cfg.Database
	if database.IsAddress(file) {
		file = ""
	}
	return datadir.At(in.cfg.Data, file, in.cfg.Storage)
}

// place is where the settings say that the data is.
func (in *invocation) place() (database.Place, error) {
	return database.At(in.cfg.Data, in.cfg.Database, in.cfg.DatabasePasswordFile, in.cfg.Storage)
}

// options are the settings as operators' acts need them.
func (in *invocation) options() operate.Options {
	public, _ := settings.ParsePublicURL(in.cfg.PublicURL) // validated
	return operate.Options{
		Argon2:            password.Params{Memory: in.cfg.Argon2Memory, Time: in.cfg.Argon2Time},
		PublicURL:         public,
		BreachedPasswords: in.cfg.BreachedPasswords,
		SessionIdle:       in.cfg.SessionIdle,
		SessionMax:        in.cfg.SessionMax,
		Now:               time.Now,
		Log:               commandLog(in.stderr),
	}
}

// commandLog gets the events that a server would log. On a terminal it shows warnings
// only, because standard output says what was done.
func commandLog(w *os.File) *slog.Logger {
	if isTerminal(w) {
		return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	return newLog(w, "json")
}

// printJSON prints one line.
func (in *invocation) printJSON(v any) error { return printJSON(in.stdout, v) }

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// printf prints text on standard output.
func (in *invocation) printf(format string, args ...any) { fmt.Fprintf(in.stdout, format, args...) }

// shown makes a stranger's text safe for a terminal.
func shown(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

// counted returns "1 user" or "3 users".
func counted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func holds(c operate.Contents) string {
	return counted(c.Users, "user", "users") + ", " + counted(c.Sessions, "session", "sessions") + ", " + counted(c.Pictures, "picture", "pictures")
}
