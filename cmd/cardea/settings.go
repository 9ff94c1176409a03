package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/network"
	"github.com/cardea-accounts/cardea/internal/settings"
)

// options are the settings of cardea serve: those of the server, and those of the
// program around it.
type options struct {
	cardea.Config
	listen       string
	opsListen    string
	opsTokenFile string
	opsToken     string // in that file
	logFormat    string
}

// settings lists them in the order of the documentation.
func (o *options) settings() []cardea.Setting {
	return slices.Concat(
		settings.In("Listeners",
			settings.Text("listen", &o.listen, "127.0.0.1:5000", "`address` to listen on, host:port", checkAddress),
			settings.Text("ops-listen", &o.opsListen, "", "`address` for operators: /metrics for Prometheus and, on loopback only, /debug/pprof/; "+
				"an address beyond loopback needs ops-token-file", checkAddress).Without("off"),
			settings.Text("ops-token-file", &o.opsTokenFile, "", "`file` with a token of at least 16 characters; requests to ops-listen must then carry "+
				"Authorization: Bearer TOKEN").Without("none")),
		o.Config.Settings(),
		settings.In("Log", settings.Choice("log-format", &o.logFormat, "`format`: auto (text on a terminal, otherwise json), text or json", "auto", "text", "json")),
	)
}

// readSettings takes each setting from its flag, else from the environment, else its
// default. An empty variable counts as not set. If help was asked for, it returns
// [flag.ErrHelp]. Other errors name every setting at fault.
func readSettings(args, environ []string) (options, error) {
	var o options
	rest, err := readFlags(&o, "serve", o.settings(), func(*flag.FlagSet) {}, args, environ)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("cardea serve takes no argument %q, only flags", rest[0])
	}
	return o, err
}

// readFlags reads a command line into o: the settings that the command takes, and its
// own flags. It returns the other arguments. Settings that the command does not take get
// their defaults.
func readFlags(o *options, command string, takes []cardea.Setting, own func(*flag.FlagSet), args, environ []string) (rest []string, err error) {
	given, origin, rest, err := givenSettings(command, takes, own, args, environ)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, s := range takes {
		if text, ok := given[s.Name]; ok {
			errs = append(errs, s.Set(text))
		}
	}
	for _, s := range o.settings() {
		s.FillIn()
	}
	err = errors.Join(errs...)
	if err == nil {
		err = errors.Join(o.Validate(), o.readOps())
	}
	return rest, withOrigin(err, origin)
}

// readOps reads the token of operators. Without one, only this machine may connect.
func (o *options) readOps() (err error) {
	if o.opsToken, err = readToken(o.opsTokenFile); err != nil {
		return err
	}
	if o.opsListen != "" && o.opsTokenFile == "" && !isLoopback(o.opsListen) {
		return settings.NewError("ops-listen", o.opsListen, "a loopback address, such as 127.0.0.1:5001; for any other address set ops-token-file too")
	}
	if o.Dev && !isLoopback(o.listen) {
		return settings.NewError("dev", "on", "a loopback listener, such as 127.0.0.1:5000, because it shows all mail")
	}
	return nil
}

// givenSettings collects the texts from flags and environment, and the name each came under.
func givenSettings(command string, takes []cardea.Setting, own func(*flag.FlagSet), args, environ []string) (
	given, origin map[string]string, rest []string, err error,
) {
	given, origin = map[string]string{}, map[string]string{}
	env := map[string]string{}
	for _, e := range environ {
		name, value, _ := strings.Cut(e, "=")
		env[name] = value
	}
	flags := flag.NewFlagSet(command, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	own(flags)
	for _, s := range takes {
		if v := env[s.Variable()]; v != "" {
			given[s.Name], origin[s.Name] = v, s.Variable()
		}
		take := func(v string) error {
			given[s.Name], origin[s.Name] = v, "--"+s.Name
			return nil
		}
		if s.IsSwitch {
			flags.BoolFunc(s.Name, "", take)
		} else {
			flags.Func(s.Name, "", take)
		}
	}
	rest, err = parseAll(flags, args)
	if err != nil {
		return nil, nil, nil, plainFlagError(err)
	}
	return given, origin, rest, nil
}

// parseAll parses flags anywhere among the arguments, and returns the other arguments.
// After "--" there are no flags.
func parseAll(flags *flag.FlagSet, args []string) (rest []string, err error) {
	for {
		if err := flags.Parse(args); err != nil {
			return nil, err
		}
		left := flags.Args()
		if len(left) == 0 {
			return rest, nil
		}
		if parsed := len(args) - len(left); parsed > 0 && args[parsed-1] == "--" {
			return append(rest, left...), nil
		}
		rest, args = append(rest, left[0]), left[1:]
	}
}

// plainFlagError writes flags with two dashes, as everywhere else.
func plainFlagError(err error) error {
	if errors.Is(err, flag.ErrHelp) {
		return err
	}
	if name, ok := strings.CutPrefix(err.Error(), "flag provided but not defined: -"); ok {
		return fmt.Errorf("there is no flag --%s", name)
	}
	if name, ok := strings.CutPrefix(err.Error(), "flag needs an argument: -"); ok {
		return fmt.Errorf("--%s needs a value", name)
	}
	if typed, ok := strings.CutPrefix(err.Error(), "bad flag syntax: "); ok {
		return fmt.Errorf("there is no flag %s", typed)
	}
	return err
}

// withOrigin names settings as they were given: the flag or the variable.
func withOrigin(err error, origin map[string]string) error {
	joined, ok := err.(interface{ Unwrap() []error }) //nolint:errorlint // the join itself, not what it wraps
	if ok {
		var named []error
		for _, e := range joined.Unwrap() {
			named = append(named, withOrigin(e, origin))
		}
		return errors.Join(named...)
	}
	if e, ok := errors.AsType[*cardea.SettingError](err); ok && origin[e.Setting] != "" {
		return &cardea.SettingError{Setting: origin[e.Setting], Value: e.Value, Allowed: e.Allowed}
	}
	return err
}

// unknownVariables lists variables that look like settings but are not.
func unknownVariables(environ []string) []string {
	var unknown []string
	list := new(options).settings()
	for _, e := range environ {
		name, _, _ := strings.Cut(e, "=")
		isSetting := func(s cardea.Setting) bool { return s.Variable() == name }
		if strings.HasPrefix(name, "CARDEA_") && !slices.ContainsFunc(list, isSetting) {
			unknown = append(unknown, name)
		}
	}
	return unknown
}

const serveHelp = `Usage: cardea serve [flags]

Runs the server until Ctrl-C or SIGTERM. It needs no settings.

Examples:
  cardea serve
        try it at http://localhost:5000, with the data in ./cardea-data
  cardea serve --data /var/lib/cardea --public-url https://accounts.example.com --trusted-proxies 127.0.0.1
        run it behind a proxy with https on the same machine
  CARDEA_LISTEN=127.0.0.1:8080 cardea serve --session-idle 7d
        settings from the environment and from flags

Every setting is a flag and an environment variable. A flag beats the variable, and the
variable beats the default. Separate the items of a list with commas. Write times as 14d,
12h or 30m.
`

// printSettings writes the help of cardea serve.
func printSettings(w io.Writer) {
	fmt.Fprint(w, serveHelp)
	describe(w, new(options).settings())
}

// describe lists settings, a paragraph for each section.
func describe(w io.Writer, list []cardea.Setting) {
	section := ""
	for _, s := range list {
		if s.Section != section {
			section = s.Section
			fmt.Fprintf(w, "\n%s:\n", section)
		}
		value, meaning, standard := s.Help()
		fmt.Fprintf(w, "  --%s %s   (%s)\n%s", s.Name, value, s.Variable(), wrapped(meaning+" (default: "+standard+")"))
	}
}

// wrapped breaks a text into indented lines of at most 90 columns, where it has spaces.
func wrapped(text string) string {
	const indent, width = "        ", 90
	var b strings.Builder
	column := width
	for word := range strings.FieldsSeq(text) {
		length := 1 + utf8.RuneCountInString(word)
		if column += length; column <= width {
			b.WriteString(" " + word)
			continue
		}
		if b.Len() > 0 {
			b.WriteString("\n")
		}
		b.WriteString(indent + word)
		column = len(indent) + length - 1
	}
	return b.String() + "\n"
}

func checkAddress(v string) error {
	_, port, err := net.SplitHostPort(v)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return errors.New("host:port, such as 127.0.0.1:5000")
	}
	return nil
}

// isLoopback reports whether a host name or address, with or without a port, is this machine.
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return network.IsLoopback(host)
}
