package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/datadir"
	"github.com/cardea-accounts/cardea/internal/importer"
	"github.com/cardea-accounts/cardea/internal/operate"
)

// importAs opens the data and runs an import, or a trial of one.
func (in *invocation) importAs(ctx context.Context, found string, run func(*operate.Data, importer.Options) (importer.Summary, error)) (err error) {
	if in.imports.apply {
		if err := in.refuseRoot(); err != nil {
			return err
		}
	}
	remove, err := in.makeData(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	opt := in.options()
	opt.Log = in.importLog()
	place, err := in.place()
	if err != nil {
		return err
	}
	data, err := operate.Open(ctx, place, opt)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	return in.importUsers(found, func(opt importer.Options) (importer.Summary, error) { return run(data, opt) })
}

// refuseRoot refuses to write as root into the data folder of another user: the server could
// not read the new files.
func (in *invocation) refuseRoot() error {
	info, err := os.Stat(in.dir().Path)
	if err != nil || os.Geteuid() != 0 {
		return nil //nolint:nilerr // a missing folder will be made
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || owner.Uid == 0 {
		return nil
	}
	name := fmt.Sprintf("#%d", owner.Uid)
	if known, err := user.LookupId(name[1:]); err == nil {
		name = known.Username
	}
	return fmt.Errorf("the folder %s belongs to %s, who could not read the files of root; run the command as that user, such as with sudo -u %[2]s, who has to be able to read what comes", in.dir().Path, name)
}

// makeData makes the data folder if there is none yet: for a trial a temporary one, which
// remove removes.
func (in *invocation) makeData(ctx context.Context) (remove func() error, err error) {
	remove = func() error { return nil }
	place, err := in.place()
	if err != nil {
		return remove, err
	}
	if exists, err := place.Exists(ctx); exists || err != nil {
		return remove, err
	}
	if !in.imports.apply {
		folder, removeFolder, err := datadir.Scratch(in.dir().Path)
		if err != nil {
			return remove, err
		}
		in.cfg.Data, in.cfg.Database, in.cfg.Storage = filepath.Join(folder, "data"), "", ""
		remove = removeFolder
	}
	cfg := in.cfg
	cfg.Log = in.importLog()
	server, err := cardea.New(cfg)
	if err != nil {
		return remove, errors.Join(err, remove())
	}
	return remove, server.Close()
}

func (in *invocation) importUsers(found string, run func(importer.Options) (importer.Summary, error)) (err error) {
	report, finish, err := in.reportRows()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, finish()) }()
	progress, done := in.progress()
	opt := importer.Options{
		Uploads: in.imports.uploads, AllVerified: in.imports.verified, WithoutPassword: in.imports.withoutPassword, Prehashed: in.imports.prehashed,
		SuspendGone: in.imports.suspendGone, LossLimit: in.imports.lossLimit,
		Judged: report, Progress: progress,
	}
	summary, err := run(opt)
	done()
	isInterrupted := errors.Is(err, importer.ErrInterrupted)
	// Above the limit, there is a summary unless nothing was done.
	if err != nil && !isInterrupted && (!errors.Is(err, importer.ErrLossLimit) || summary.Rows == 0) {
		return err
	}
	out := io.Writer(in.stdout)
	if in.imports.report == "-" {
		out = in.stderr
	}
	if in.json {
		return errors.Join(printJSON(out, summary), err)
	}
	in.sayImport(out, found, summary, isInterrupted)
	return err
}

// reportRows writes what became of each row to the file of --report. The file has addresses, so
// nobody else may read it.
func (in *invocation) reportRows() (report func(importer.Verdict) error, finish func() error, err error) {
	name := in.imports.report
	if name == "" {
		return nil, func() error { return nil }, nil
	}
	f, closeFile := in.stdout, func() error { return nil }
	if name != "-" {
		if err := in.refuseSource(name); err != nil {
			return nil, nil, err
		}
		if f, err = os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600); err != nil {
			return nil, nil, err
		}
		closeFile = f.Close
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			if err := f.Chmod(0o600); err != nil {
				return nil, nil, errors.Join(fmt.Errorf("cannot keep the report from others: %w", err), f.Close())
			}
		}
	}
	w := bufio.NewWriter(f)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return func(v importer.Verdict) error { return e.Encode(v) }, func() error { return errors.Join(w.Flush(), closeFile()) }, nil
}

// refuseSource refuses a report in place of a file that is read, or of the database.
func (in *invocation) refuseSource(report string) error {
	of, err := os.Stat(report)
	if err != nil {
		return nil //nolint:nilerr // there is none yet
	}
	for _, file := range []string{importer.File(in.imports.from), in.dir().Database} {
		if other, err := os.Stat(file); err == nil && os.SameFile(of, other) {
			return usageError{fmt.Errorf("--report %s would replace %s; name another file", report, file)}
		}
	}
	return nil
}

// sayImport prints a summary, and what to do next.
func (in *invocation) sayImport(w io.Writer, found string, s importer.Summary, isInterrupted bool) {
	say := func(format string, args ...any) { fmt.Fprintf(w, format, args...) }
	say("%s", found)
	if !in.imports.apply {
		s.Outcomes, s.Pictures = asTrial(s.Outcomes), asTrial(s.Pictures)
	}
	switch {
	case isInterrupted && s.Total > 0:
		say("%d of %s:%s.\n", s.Rows, counted(s.Total, "row", "rows"), counts(s.Outcomes))
	case s.Rows == 0:
		say("There are no users.\n")
	default:
		say("%s:%s.\n", counted(s.Rows, "row", "rows"), counts(s.Outcomes))
	}
	for _, list := range []struct {
		what   string
		counts map[string]int64
	}{
		{"Password hashes", s.Hashes}, {"Pictures", s.Pictures}, {"Users", s.Users()}, {"Values that cannot be read", s.Unclear}, {"Values that were cut or mended", s.Changed}, {"Reasons", s.Reasons},
	} {
		if text := counts(list.counts); text != "" {
			say("%s:%s.\n", list.what, text)
		}
	}
	if len(s.Reasons)+len(s.Changed)+len(s.Unclear) > 0 && in.imports.report == "" {
		say("For the rows, add --report FILE.\n")
	}
	if s.Outcomes[importer.Gone] > 0 && !in.imports.suspendGone {
		say("Users who are gone there can still sign in here. To suspend them, add --suspend-gone.\n")
	}
	if !in.imports.apply {
		say("This was a trial: nothing was changed. To bring the users in, add --apply.\n")
	}
}

// asTrial names what would be done as that. Other counts say how things are.
func asTrial[K ~string](of map[K]int64) map[K]int64 {
	would := make(map[K]int64, len(of))
	for name, n := range of {
		switch name {
		case "imported", "updated", "removed":
			name = "would be " + name
		}
		would[name] = n
	}
	return would
}

// counts lists what was counted, the most frequent first.
func counts[K ~string](of map[K]int64) string {
	maps.DeleteFunc(of, func(_ K, n int64) bool { return n == 0 })
	keys := slices.SortedFunc(maps.Keys(of), func(a, b K) int {
		if of[a] != of[b] {
			return int(of[b] - of[a])
		}
		return strings.Compare(string(a), string(b))
	})
	var b strings.Builder
	for i, key := range keys {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, " %d %s", of[key], strings.ReplaceAll(string(key), "_", " "))
	}
	return b.String()
}

// importLog gets the events of an import. Only warnings are shown: the summary says the rest.
func (in *invocation) importLog() *slog.Logger {
	return slog.New(slog.NewTextHandler(in.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}
