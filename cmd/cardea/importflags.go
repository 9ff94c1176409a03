package main

import (
	"flag"
	"strconv"
	"strings"
	"unicode"

	"github.com/cardea-accounts/cardea/internal/importer"
)

// importFlags are the flags of imports.
type importFlags struct {
	from, uploads, table, query, source, report string
	mapping                                     importer.Mapping
	apply, verified, withoutPassword, prehashed bool
	suspendGone                                 bool
	lossLimit                                   int64 // percent
}

var (
	databaseImports = []string{"import flask", "import django"}
	foreignImports  = []string{"import flask", "import django", "import csv"}
	allImports      = append([]string{"import cardea"}, foreignImports...)
)

func text(value func(*own) *string) func(f *flag.FlagSet, o *own, name string) {
	return func(f *flag.FlagSet, o *own, name string) {
		f.Func(name, "", func(text string) error {
			if strings.TrimSpace(text) == "" || strings.ContainsFunc(text, unicode.IsControl) && name != "query" {
				return o.refuse(name, text, "a text in one line")
			}
			*value(o) = text
			return nil
		})
	}
}

func onOff(value func(*own) *bool) func(f *flag.FlagSet, o *own, name string) {
	return func(f *flag.FlagSet, o *own, name string) { o.flag(f, value(o), name) }
}

var ownImportFlags = []ownFlag{
	{databaseImports, "from", "`file` of a SQLite database, or the address of a PostgreSQL one", text(func(o *own) *string { return &o.imports.from })},
	{[]string{"import csv"}, "from", "`file` with the users", text(func(o *own) *string { return &o.imports.from })},
	{[]string{"import cardea"}, "from", "`file` that cardea export has written", text(func(o *own) *string { return &o.imports.from })},
	{foreignImports, "uploads", "`folder` with the files of the pictures", text(func(o *own) *string { return &o.imports.uploads })},
	{databaseImports, "table", "`table` of the users (default: found by its name)", text(func(o *own) *string { return &o.imports.table })},
	{databaseImports, "query", "`SELECT` in place of a table", text(func(o *own) *string { return &o.imports.query })},
	{foreignImports, "map", "`columns` that are not found, such as email=mail,verified=confirmed", func(f *flag.FlagSet, o *own, name string) {
		f.Func(name, "", func(value string) (err error) {
			if o.imports.mapping, err = importer.ParseMapping(value); err != nil {
				return o.refuse(name, value, err.Error())
			}
			return nil
		})
	}},
	{foreignImports, "source", "`name` of the app, if users of several apps come (default: the command's)", text(func(o *own) *string { return &o.imports.source })},
	{foreignImports, "verified", "all addresses count as verified", onOff(func(o *own) *bool { return &o.imports.verified })},
	{foreignImports, "without-password", "also bring users whose password hash is missing or not known", onOff(func(o *own) *bool { return &o.imports.withoutPassword })},
	{foreignImports, "bcrypt-sha256", "bcrypt hashes are those of a SHA-256, as Flask-Bcrypt makes with BCRYPT_HANDLE_LONG_PASSWORDS", onOff(func(o *own) *bool { return &o.imports.prehashed })},
	{foreignImports, "suspend-gone", "suspend users who were imported before and are gone there", onOff(func(o *own) *bool { return &o.imports.suspendGone })},
	{foreignImports, "loss-limit", "`percent` of the users at most who may lose password, cookies or access (default: 10); 10 users always may, unless it is 0", func(f *flag.FlagSet, o *own, name string) {
		o.imports.lossLimit = 10 // of a table that was cut off, or of another app, it is more
		f.Func(name, "", func(value string) error {
			limit, err := strconv.ParseInt(value, 10, 64)
			if err != nil || limit < 0 || limit > 100 {
				return o.refuse(name, value, "a number from 0 to 100")
			}
			o.imports.lossLimit = limit
			return nil
		})
	}},
	{allImports, "apply", "bring the users in, instead of only saying what would come", onOff(func(o *own) *bool { return &o.imports.apply })},
	{allImports, "report", "`file` that gets a line of JSON for each row; - is standard output", text(func(o *own) *string { return &o.imports.report })},
}
