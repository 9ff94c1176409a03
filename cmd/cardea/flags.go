package main

import (
	"errors"
	"flag"
	"slices"
	"strconv"

	"github.com/cardea-accounts/cardea"
)

// own are the flags that are not settings. [ownFlags] says which command takes which.
type own struct {
	json          bool
	limit         int
	after, search string
	name, email   string
	url           string
	yes, audit    bool
	all           bool
	skipDamaged   bool
	removeOrphans bool
	imports       importFlags
	move          moveFlags
	refused       []error // values that are not allowed
}

// refuse keeps what is wrong with a flag's value, in the words that settings use.
func (o *own) refuse(name, value, allowed string) error {
	o.refused = append(o.refused, &cardea.SettingError{Setting: "--" + name, Value: value, Allowed: allowed})
	return nil
}

// flag adds a flag that is on or off.
func (o *own) flag(f *flag.FlagSet, v *bool, name string) {
	f.BoolFunc(name, "", func(value string) (err error) {
		if *v, err = strconv.ParseBool(value); err != nil {
			return o.refuse(name, value, "true or false, or no value at all")
		}
		return nil
	})
}

func (o *own) positive(f *flag.FlagSet, v *int, name string, value int) {
	*v = value
	f.Func(name, "", func(value string) (err error) {
		if *v, err = parsePositive(value); err != nil {
			return o.refuse(name, value, err.Error())
		}
		return nil
	})
}

// ownFlag is a flag that is not a setting.
type ownFlag struct {
	commands []string // that take it
	name     string
	usage    string
	add      func(f *flag.FlagSet, o *own, name string)
}

var ownFlags = []ownFlag{
	{[]string{"user list", "user show", "user add", "user rename", "user set-email", "user set-password", "user suspend", "user unsuspend",
		"user end-sessions", "user delete", "mail list", "mail show", "mail test", "backup", "restore", "check", "doctor",
		"import flask", "import django", "import csv", "import cardea", "export", "move"},
		"json", "for programs: JSON on standard output", func(f *flag.FlagSet, o *own, n string) { o.flag(f, &o.json, n) }},
	{[]string{"doctor"}, "url", "`address` that users have (default: public-url)", func(f *flag.FlagSet, o *own, n string) { f.StringVar(&o.url, n, "", "") }},
	{[]string{"health"}, "url", "`address` to ask (default: that of listen)", func(f *flag.FlagSet, o *own, n string) { f.StringVar(&o.url, n, "", "") }},
	{[]string{"user list"}, "limit", "at most this `number` of users (default 50)", func(f *flag.FlagSet, o *own, n string) { o.positive(f, &o.limit, n, 50) }},
	{[]string{"mail list"}, "limit", "at most this `number` of messages (default 50)", func(f *flag.FlagSet, o *own, n string) { o.positive(f, &o.limit, n, 50) }},
	{[]string{"user list"}, "after", "continue after this e-mail `address`", func(f *flag.FlagSet, o *own, n string) { f.StringVar(&o.after, n, "", "") }},
	{[]string{"user list"}, "search", "only users whose name or address contains this `text`, ignoring case", func(f *flag.FlagSet, o *own, n string) { f.StringVar(&o.search, n, "", "") }},
	{[]string{"user show"}, "audit", "also the last 100 events of the account", func(f *flag.FlagSet, o *own, n string) { o.flag(f, &o.audit, n) }},
	{[]string{"user add", "user rename"}, "name", "`name` of the user", func(f *flag.FlagSet, o *own, n string) { f.StringVar(&o.name, n, "", "") }},
	{[]string{"user add", "user set-email"}, "email", "e-mail `address` of the user", func(f *flag.FlagSet, o *own, n string) { f.StringVar(&o.email, n, "", "") }},
	{[]string{"user end-sessions"}, "all", "the sessions of all users", func(f *flag.FlagSet, o *own, n string) { o.flag(f, &o.all, n) }},
	{[]string{"user delete", "user end-sessions"}, "yes", "do not ask for confirmation", func(f *flag.FlagSet, o *own, n string) { o.flag(f, &o.yes, n) }},
	{[]string{"backup", "export"}, "skip-damaged", "leave out damaged pictures, and a damaged secret.key, instead of failing", func(f *flag.FlagSet, o *own, n string) { o.flag(f, &o.skipDamaged, n) }},
	{[]string{"move"}, "to-database", "SQLite `file`, or address of a PostgreSQL database, to which the users move", func(f *flag.FlagSet, o *own, n string) { f.StringVar(&o.move.database, n, "", "") }},
	{[]string{"move"}, "to-database-password-file", "`file` with the password for the PostgreSQL server in to-database", func(f *flag.FlagSet, o *own, n string) { f.StringVar(&o.move.passwordFile, n, "", "") }},
	{[]string{"move"}, "to-storage", "`folder`, or address of a bucket, to which the pictures move", func(f *flag.FlagSet, o *own, n string) { f.StringVar(&o.move.storage, n, "", "") }},
	{[]string{"move"}, "undo", "use the old database or storage again: remove the mark that a finished move left", func(f *flag.FlagSet, o *own, n string) { o.flag(f, &o.move.undo, n) }},
	{[]string{"check"}, "remove-orphans", "remove files from the picture storage that no picture uses and that are older than an hour; " +
		"do not use it if several databases share one storage", func(f *flag.FlagSet, o *own, n string) { o.flag(f, &o.removeOrphans, n) }},
}

func (c command) ownFlags() []ownFlag {
	return slices.DeleteFunc(slices.Concat(ownImportFlags, ownFlags), func(f ownFlag) bool { return !slices.Contains(f.commands, c.name) })
}

// parsePositive parses a positive number.
func parsePositive(v string) (int, error) {
	n, err := strconv.ParseUint(v, 10, 31)
	if err != nil || n == 0 {
		return 0, errors.New("a positive whole number")
	}
	return int(n), nil
}
