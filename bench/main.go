// Command bench measures Cardea against a bare handler and its peers on this
// machine, and writes RESULTS.md and chart.svg. README.md says how and why.
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

// cache holds binaries and, while it runs, data.
const cache = ".cache"

// hotSet is how many sessions the reads go round in: those of a busy hour.
const hotSet = 10_000

// bench is one run.
type bench struct {
	only    []string
	rounds  int
	seconds int // of each load
	people  int // in the large database
	out     string

	dir    string // for this run's data
	large  string // in it, the folder of the large database, once it is made
	began  time.Time
	busy   string // the load average at the start
	cardea cardea
	bare   bare
	peers  []peer // Cardea, and those that are installed
	photo  []byte // 12 megapixels
	report report
}

// measure is a part of the run, by the name that -only takes.
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
		{"register", b.measureRegistrations},
		{"upload", b.measureUploads},
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
	only := flag.String("only", "", "measure only these, separated by commas: "+strings.Join(names, ", "))
	flag.IntVar(&b.rounds, "rounds", 3, "how often each load is repeated; medians are reported")
	flag.IntVar(&b.seconds, "seconds", 2, "how long each load lasts")
	flag.IntVar(&b.people, "people", 1_000_000, "people in the large database")
	flag.StringVar(&b.out, "out", ".", "folder for RESULTS.md and chart.svg")
	flag.Parse()
	if *only != "" {
		b.only = strings.Split(*only, ",")
	}
	for _, name := range b.only {
		if !slices.Contains(names, name) {
			fmt.Fprintf(os.Stderr, "bench: -only %s: there are %s\n", name, strings.Join(names, ", "))
			os.Exit(2)
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := b.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1) //nolint:gocritic // what stop would undo ends with the process
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
	b.choosePeers()
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
		if err != nil { // the other figures are worth having all the same
			err = fmt.Errorf("%s: %w", m.name, err)
			b.progress("FAILED: %v", err)
			failed = errors.Join(failed, err)
			summary, _, _ := strings.Cut(err.Error(), lastWrote)
			b.report.failed = append(b.report.failed, summary)
		}
	}
	return errors.Join(b.write(), failed)
}

// choosePeers takes those that are installed, and notes which are missing.
func (b *bench) choosePeers() {
	b.cardea = cardea{binary: b.binary("cardea")}
	b.bare = bare{binary: b.binary("bare")}
	b.peers = []peer{b.cardea, &pocketBase{binary: b.binary("pocketbase")}}
	if hasFlask() {
		b.peers = append(b.peers, &flask{})
	} else {
		b.skip("all figures of Flask: python3-flask, python3-flask-sqlalchemy or gunicorn is not installed")
	}
}

// progress says what is being done, and since when it runs.
func (b *bench) progress(format string, args ...any) {
	fmt.Printf("%4.0f s  %s\n", time.Since(b.began).Seconds(), fmt.Sprintf(format, args...))
}

// skip says what is not measured, now and in the report.
func (b *bench) skip(what string) {
	b.progress("left out: %s", what)
	b.report.missing = append(b.report.missing, what)
}

// folder makes an empty folder for data.
func (b *bench) folder() (string, error) { return os.MkdirTemp(b.dir, "") }

// largeFolder makes the large database when it is first asked for. What writes to
// it comes last.
func (b *bench) largeFolder() (string, error) {
	if b.large != "" {
		return b.large, nil
	}
	dir, err := b.folder()
	if err != nil {
		return "", err
	}
	b.progress("making %s people", count(b.people))
	b.large = dir
	return dir, b.cardea.Seed(dir, b.people)
}

// seeded starts a peer with people.
func (b *bench) seeded(ctx context.Context, p peer, people int) (*server, error) {
	dir, err := b.folder()
	if err != nil {
		return nil, err
	}
	if err := p.Seed(dir, people); err != nil {
		return nil, fmt.Errorf("%s: %w", p.Name(), err)
	}
	return start(ctx, p, dir)
}

// seededPeers starts each of some peers with the hot set.
func (b *bench) seededPeers(ctx context.Context, peers []peer) (servers []*server, err error) {
	for _, p := range peers {
		b.progress("%s with %s people", p.Name(), count(hotSet))
		s, err := b.seeded(ctx, p, hotSet)
		if err != nil {
			stopAll(servers)
			return nil, err
		}
		servers = append(servers, s)
	}
	return servers, nil
}

// load makes a file of requests in a folder of its own.
func (b *bench) load(order string, count int, request func(i int) []byte) (*load, error) {
	dir, err := b.folder()
	if err != nil {
		return nil, err
	}
	return newLoad(dir, order, count, request)
}

// noWrk tells whether a measure that needs wrk has to be left out.
func (b *bench) noWrk(what string) bool {
	if missing("wrk") == "" {
		return false
	}
	b.skip(what + ": wrk is not installed")
	return true
}
