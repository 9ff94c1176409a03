package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea"
)

// options are all settings of cardea serve: those of the server, and those that
// only a program of its own needs.
type options struct {
	cardea.Config
	listen    string
	opsListen string
	logFormat string
}

// setting is one line of the settings' table. Its flag is --name; its
// environment variable is the name in capitals behind CARDEA_.
type setting struct {
	name  string
	value string // the default, as it would be typed
	usage string
	set   func(o *options, value string) error // the error says what is allowed
}

func (s setting) env() string {
	return "CARDEA_" + strings.ToUpper(strings.ReplaceAll(s.name, "-", "_"))
}

// settings is the table, in the order of the documentation.
var settings = []setting{
	{"listen", "127.0.0.1:5000", "`address` to listen on, host:port",
		func(o *options, v string) error { o.listen = v; return checkAddress(v) }},
	{"data", "cardea-data", "`folder` for the database and the pictures",
		func(o *options, v string) error { o.Data = v; return notEmpty(v, "the path of a folder") }},
	{"database", "", "SQLite `file`; default: cardea.db in the data folder",
		func(o *options, v string) error { o.Database = v; return nil }},
	{"storage", "", "`folder` for pictures; default: pictures in the data folder",
		func(o *options, v string) error { o.Storage = v; return nil }},
	{"public-url", "", "`address` the world sees, such as https://accounts.example.com; default: http:// and the request's own Host",
		func(o *options, v string) error { o.PublicURL = v; return nil }},
	{"trusted-proxies", "", "networks (`CIDRs`, with commas) whose X-Forwarded-For, -Proto and -Host count; default: none",
		func(o *options, v string) (err error) { o.TrustedProxies, err = parseNetworks(v); return err }},
	{"allowed-origins", "", "other `origins` (with commas) whose pages may call, such as https://app.example.com; default: none",
		func(o *options, v string) error { o.AllowedOrigins = splitList(v); return nil }},
	{"cookie-name", "session", "`name` of the session cookie; __Host-session is safer where the public address is https",
		func(o *options, v string) error { o.CookieName = v; return nil }},
	{"cookie-samesite", "lax", "`lax`, strict, or none (needs an https public address) for an app on another site",
		func(o *options, v string) error { o.CookieSameSite = strings.ToLower(v); return nil }},
	{"session-idle", "336h", "`time` after which an unused session ends",
		func(o *options, v string) (err error) { o.SessionIdle, err = parseDuration(v); return err }},
	{"session-max", "2160h", "`time` after which any session ends",
		func(o *options, v string) (err error) { o.SessionMax, err = parseDuration(v); return err }},
	{"session-cache", "50000", "`number` of sessions kept in memory, of about 1 KiB each: those used last",
		func(o *options, v string) (err error) { o.SessionCache, err = parsePositive[int](v, 31); return err }},
	{"argon2-memory", "19456", "`KiB` of memory of a password hash",
		func(o *options, v string) (err error) { o.Argon2Memory, err = parsePositive[uint32](v, 32); return err }},
	{"argon2-time", "2", "`passes` of a password hash over its memory",
		func(o *options, v string) (err error) { o.Argon2Time, err = parsePositive[uint32](v, 32); return err }},
	{"breached-passwords", "", "`file` of SHA-1 hashes of passwords that are refused, as the Have I Been Pwned downloader writes it; default: none",
		func(o *options, v string) error { o.BreachedPasswords = v; return nil }},
	{"upload-max-bytes", "10485760", "size of the largest picture file in `bytes`",
		func(o *options, v string) (err error) {
			o.UploadMaxBytes, err = parsePositive[int64](v, 63)
			return err
		}},
	{"upload-max-pixels", "50000000", "size of the largest picture in `pixels`",
		func(o *options, v string) (err error) { o.UploadMaxPixels, err = parsePositive[int](v, 31); return err }},
	{"rate-limit", "on", "`on`, or off for load tests: throttling of tries at passwords and of registrations",
		func(o *options, v string) error { o.RateLimit = v; return nil }},
	{"audit-keep", "2160h", "`time` for which logins and the like stay in the audit table",
		func(o *options, v string) (err error) { o.AuditKeep, err = parseDuration(v); return err }},
	{"log", "events", "which requests are logged: `events` (those that change something, errors, anything slower than a second) or all",
		func(o *options, v string) error { o.LogRequests = v; return nil }},
	{"log-format", "auto", "`auto` (text on a terminal, otherwise json), text or json",
		func(o *options, v string) error { o.logFormat = v; return oneOf(v, "auto", "text", "json") }},
	{"ops-listen", "", "loopback `address` for operators: /metrics for Prometheus, and /debug/pprof/; default: off",
		func(o *options, v string) error { o.opsListen = v; return checkLoopback(v) }},
}

// readSettings takes each setting from its flag, else from the environment, else
// its default. An empty variable counts as none. It returns flag.ErrHelp when
// help was asked for, and otherwise an error that names every setting at fault.
func readSettings(args, environ []string) (options, error) {
	o, rest, err := readFlags("serve", settings, func(*flag.FlagSet) {}, args, environ)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("cardea serve takes no argument %q, only flags", rest[0])
	}
	return o, err
}

// readFlags reads a command line: those of the settings that the command takes,
// flags of its own, and what else there is, anywhere between them. Settings that
// it does not take have their defaults.
func readFlags(command string, takes []setting, own func(*flag.FlagSet), args, environ []string) (o options, rest []string, err error) {
	given, origin, rest, err := givenSettings(command, takes, own, args, environ)
	if err != nil {
		return options{}, nil, err
	}
	var errs []error
	for _, s := range settings {
		value, ok := given[s.name]
		if !ok {
			value = s.value
		}
		if value == "" && !ok {
			continue
		}
		if err := s.set(&o, value); err != nil {
			errs = append(errs, &cardea.SettingError{Setting: s.name, Value: value, Allowed: err.Error()})
		}
	}
	if len(errs) == 0 {
		errs = append(errs, o.Validate())
	}
	return o, rest, withOrigin(errors.Join(errs...), origin)
}

// givenSettings collects what flags and environment say, and under which name.
func givenSettings(command string, takes []setting, own func(*flag.FlagSet), args, environ []string) (
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
		if v := env[s.env()]; v != "" {
			given[s.name], origin[s.name] = v, s.env()
		}
		flags.Func(s.name, s.usage, func(v string) error {
			given[s.name], origin[s.name] = v, "--"+s.name
			return nil
		})
	}
	rest, err = parseAll(flags, args)
	if err != nil {
		return nil, nil, nil, plainFlagError(err)
	}
	return given, origin, rest, nil
}

// parseAll parses flags wherever they stand, and returns what is none. All behind
// "--" is none.
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

// unknownVariables lists what looks like a setting in the environment but is none.
func unknownVariables(environ []string) []string {
	var unknown []string
	for _, e := range environ {
		name, _, _ := strings.Cut(e, "=")
		isSetting := func(s setting) bool { return s.env() == name }
		if strings.HasPrefix(name, "CARDEA_") && !slices.ContainsFunc(settings, isSetting) {
			unknown = append(unknown, name)
		}
	}
	return unknown
}

// printSettings writes the help of cardea serve.
func printSettings(w io.Writer) {
	fmt.Fprint(w, `Usage: cardea serve [flags]

Runs the server until it is told to stop (Ctrl-C or SIGTERM). Each flag has an
environment variable; a flag beats the variable, which beats the default.

Settings:
`)
	describe(w, settings)
}

// describe lists settings.
func describe(w io.Writer, list []setting) {
	for _, s := range list {
		placeholder, usage := flag.UnquoteUsage(&flag.Flag{Usage: s.usage})
		fmt.Fprintf(w, "  --%s %s   (%s)\n        %s", s.name, placeholder, s.env(), usage)
		if s.value != "" {
			fmt.Fprintf(w, " (default %s)", s.value)
		}
		fmt.Fprintln(w)
	}
}

func splitList(v string) []string {
	var list []string
	for item := range strings.SplitSeq(v, ",") {
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, item)
		}
	}
	return list
}

func parseNetworks(v string) ([]netip.Prefix, error) {
	var networks []netip.Prefix
	for _, item := range strings.Split(v, ",") {
		network, err := netip.ParsePrefix(strings.TrimSpace(item))
		if err != nil {
			return nil, errors.New("networks such as 10.0.0.0/8,::1/128")
		}
		networks = append(networks, network.Masked())
	}
	return networks, nil
}

func parseDuration(v string) (time.Duration, error) {
	d, err := time.ParseDuration(v)
	if err != nil || d <= 0 {
		return 0, errors.New("a positive duration such as 336h or 30m")
	}
	return d, nil
}

func parsePositive[T uint32 | int64 | int](v string, bits int) (T, error) {
	n, err := strconv.ParseUint(v, 10, bits)
	if err != nil || n == 0 {
		return 0, errors.New("a positive whole number")
	}
	return T(n), nil
}

func oneOf(v string, allowed ...string) error {
	if slices.Contains(allowed, v) {
		return nil
	}
	return errors.New(strings.Join(allowed, ", "))
}

func notEmpty(v, allowed string) error {
	if v == "" {
		return errors.New(allowed)
	}
	return nil
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

func checkLoopback(v string) error {
	if v == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(v)
	ip, _ := netip.ParseAddr(host)
	if err != nil || checkAddress(v) != nil || host != "localhost" && !ip.IsLoopback() {
		return errors.New("a loopback address with a port, such as 127.0.0.1:5001")
	}
	return nil
}
