// Command bench measures Cardea, a bare handler and Cardea's peers on this machine, and
// writes RESULTS.md and chart.svg. README.md explains the method.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// cache is the folder for binaries and, during the run, for data.
const cache = ".cache"

// hotSet is the number of sessions that the reads use: those of a busy hour.
const hotSet = 10_000

// bench is one run.
type bench struct {
	only    []string
	rounds  int
	seconds int // of each load
	users   int // in the large database
	out     string

	dir    string // for the data of this run
	large  string // folder of the large database; empty until it is made
	began  time.Time
	busy   string // the load average at the start
	cardea cardea
	bare   bare
	peers  []peer // Cardea, PocketBase and the installed peers
	photo  []byte // 12 megapixels
	report report
}

// measure is a part of the run. The flag -only takes its name.
type measure struct {
	name string
	run  func(context.Context) error
}

func (b *bench) measures() []measure {
	return []measure{
		{"binary", b.measureBinary},
		{"start", b.measureStart},
		{"read", b.measureReads},
		{"memory", b.measureMemory},
		{"login", b.measureLogins},
		{"flood", b.measureFlood},
		{"victims", b.measureVictims},
		{"queue", b.measureQueue},
		{"register", b.measureRegistrations},
		{"upload", b.measureUploads},
		{"engines", b.measureEngines},
		{"million", b.measureMillion},
		{"growth", b.measureGrowth},
	}
}

func main() {
	b := &bench{began: time.Now(), busy: loadAverage()}
	var names []string
	for _, m := range b.measures() {
		names = append(names, m.name)
	}
	only := flag.String("only", "", "measure only these parts, separated by commas: "+strings.Join(names, ", "))
	flag.IntVar(&b.rounds, "rounds", 3, "how often each load is repeated; the report has medians")
	flag.IntVar(&b.seconds, "seconds", 2, "how long each load lasts")
	flag.IntVar(&b.users, "users", 1_000_000, "users in the large database")
	flag.StringVar(&b.out, "out", ".", "folder for RESULTS.md and chart.svg")
	flag.Parse()
	if *only != "" {
		b.only = strings.Split(*only, ",")
	}
	for _, name := range b.only {
		if !slices.Contains(names, name) {
			fmt.Fprintf(os.Stderr, "bench: -only %s: unknown part; the parts are %s\n", name, strings.Join(names, ", "))
			os.Exit(2)
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := b.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1) //nolint:gocritic // the process ends anyway
	}
}

func (b *bench) run(ctx context.Context) (err error) {
	for _, folder := range []string{cache, b.out} {
		if err := os.MkdirAll(folder, 0o750); err != nil {
			return err
		}
	}
	dir, err := os.MkdirTemp(cache, "run-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if b.dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	if err := b.build(ctx); err != nil {
		return err
	}
	stop := b.choosePeers(ctx)
	defer stop()
	b.photo = photo(4000, 3000)
	var failed error
	for _, m := range b.measures() {
		if len(b.only) > 0 && !slices.Contains(b.only, m.name) {
			continue
		}
		err := m.run(ctx)
		if ctx.Err() != nil {
			return errors.New("interrupted; nothing was written")
		}
		if err != nil { // continue with the other parts
			err = fmt.Errorf("%s: %w", m.name, err)
			b.progress("FAILED: %v", err)
			failed = errors.Join(failed, err)
			summary, _, _ := strings.Cut(err.Error(), lastWrote)
			b.report.failed = append(b.report.failed, summary)
		}
	}
	return errors.Join(b.write(), failed)
}

// progress prints a line with the time since the start.
func (b *bench) progress(format string, args ...any) {
	fmt.Printf("%4.0f s  %s\n", time.Since(b.began).Seconds(), fmt.Sprintf(format, args...))
}

// skip prints and reports what is not measured.
func (b *bench) skip(what string) {
	b.progress("skipped: %s", what)
	b.report.missing = append(b.report.missing, what)
}

// folder creates an empty folder for data.
func (b *bench) folder() (string, error) { return os.MkdirTemp(b.dir, "") }

// largeFolder returns the folder of the large database. The first call creates it. The
// measures that write to it run last.
func (b *bench) largeFolder() (string, error) {
	if b.large != "" {
		return b.large, nil
	}
	dir, err := b.folder()
	if err != nil {
		return "", err
	}
	b.progress("creating %s users", count(b.users))
	b.large = dir
	return dir, b.cardea.Seed(dir, b.users)
}

// load writes a file of requests into a new folder.
func (b *bench) load(order string, count int, request func(i int) []byte) (*load, error) {
	dir, err := b.folder()
	if err != nil {
		return nil, err
	}
	return newLoad(dir, order, count, request)
}

// noWrk reports whether wrk is missing, and skips the measure if it is.
func (b *bench) noWrk(what string) bool {
	if missing("wrk") == "" {
		return false
	}
	b.skip(what + ": wrk is not installed")
	return true
}
