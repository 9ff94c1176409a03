package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// report holds the results of a run.
type report struct {
	budgets     []budget
	comparisons []comparison
	engines     []engineTimes
	missing     []string // what could not be measured, and why
	failed      []string // measures that failed, and why
}

// budget is a figure of Cardea with a limit.
type budget struct {
	what, figure, against string
	value                 float64
	rounds                []float64 // the value is their median; nil for a single value
	limit                 limit
}

type limit struct {
	least bool // bound is a minimum, not a maximum
	bound float64
	goal  float64 // better than the bound; 0: none
	unit  string
}

func atLeast(bound float64, unit string) limit { return limit{true, bound, 0, unit} }
func atMost(bound float64, unit string) limit  { return limit{false, bound, 0, unit} }

func (l limit) withGoal(goal float64) limit { l.goal = goal; return l }

func (l limit) met(value float64) bool {
	if l.least {
		return value >= l.bound
	}
	return value <= l.bound
}

func (l limit) String() string {
	sign := "≤"
	if l.least {
		sign = "≥"
	}
	text := fmt.Sprintf("%s %g %s", sign, l.bound, l.unit)
	if l.goal != 0 {
		text += fmt.Sprintf(", goal %g", l.goal)
	}
	return text
}

func (r *report) budget(what, figure, against string, value float64, limit limit) {
	r.budgets = append(r.budgets, budget{what, figure, against, value, nil, limit})
}

// ratio adds a budget for the median of the rounds.
func (r *report) ratio(what, figure, against string, rounds []float64, limit limit) {
	r.budgets = append(r.budgets, budget{what, figure, against, median(rounds), rounds, limit})
}

// spread returns the range of the rounds as text.
func (l budget) spread() string {
	if len(l.rounds) < 2 {
		return ""
	}
	return fmt.Sprintf(" (%s to %s)", number(slices.Min(l.rounds)), number(slices.Max(l.rounds)))
}

// comparison is one figure of Cardea and its peers.
type comparison struct {
	what, unit   string
	lessIsBetter bool
	bars         []bar
}

type bar struct {
	name  string
	value float64
	note  string
}

func (c *comparison) add(name string, value float64, note string) {
	c.bars = append(c.bars, bar{name, value, note})
}

func (r *report) compare(c comparison) { r.comparisons = append(r.comparisons, c) }

// write writes RESULTS.md and the chart, and prints the budgets.
func (b *bench) write() error {
	var out bytes.Buffer
	fmt.Fprintf(&out, "# Results\n\nWritten by `make bench`. [README.md](README.md) explains the method. Do not edit.\n\n")
	b.describe(&out)
	b.report.writeFailures(&out)
	b.report.writeBudgets(&out)
	fmt.Fprintf(&out, "\n## Cardea and its peers\n\n![The figures below as bars](chart.svg)\n\n")
	b.report.writeComparisons(&out)
	b.report.writeEngines(&out)
	for _, m := range b.report.missing {
		fmt.Fprintf(&out, "\nNot measured: %s.\n", m)
	}
	file := filepath.Join(b.out, "RESULTS.md")
	if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil { //nolint:gosec // a public file
		return err
	}
	if err := os.WriteFile(filepath.Join(b.out, "chart.svg"), chart(b.report.comparisons), 0o644); err != nil { //nolint:gosec // as above
		return err
	}
	b.progress("wrote %s", file)
	_, err := os.Stdout.WriteString("\n" + b.report.summary())
	return err
}

// writeFailures writes the failed measures first, because figures of a failed run should
// not be quoted.
func (r *report) writeFailures(out *bytes.Buffer) {
	if len(r.failed) == 0 {
		return
	}
	fmt.Fprintf(out, "**This run failed**. These figures are missing:\n\n")
	for _, f := range r.failed {
		fmt.Fprintf(out, "- %s\n", f)
	}
	out.WriteString("\n")
}

func (r *report) writeBudgets(out *bytes.Buffer) {
	fmt.Fprintf(out, "## Budgets\n\n| what | figure | against | ratio or value | budget | met |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, l := range r.budgets {
		fmt.Fprintf(out, "| %s | %s | %s | %s %s%s | %s | %s |\n", l.what, l.figure, l.against, number(l.value), l.limit.unit, l.spread(), l.limit, l.verdict())
	}
}

func (l budget) verdict() string {
	switch why, known := reasons[l.what]; {
	case l.limit.met(l.value):
		return "yes"
	case known:
		return "**no**: " + why
	default:
		return "**no**"
	}
}

func (r *report) writeComparisons(out *bytes.Buffer) {
	fmt.Fprintf(out, "| what | server | figure | |\n| --- | --- | --- | --- |\n")
	for _, c := range r.comparisons {
		what := c.what
		for _, bar := range c.bars {
			fmt.Fprintf(out, "| %s | %s | %s%s | %s |\n", what, bar.name, number(bar.value), c.unit, bar.note)
			what = ""
		}
	}
}

// summary returns the budgets as text for the terminal.
func (r *report) summary() string {
	var out strings.Builder
	for _, l := range r.budgets {
		met := "met   "
		if !l.limit.met(l.value) {
			met = "MISSED"
		}
		fmt.Fprintf(&out, "%s  %s: %s %s (%s) %s\n", met, l.what, number(l.value), l.limit.unit, l.limit, l.figure)
	}
	return out.String()
}

// describe writes the machine, the versions and the settings of the run.
func (b *bench) describe(out *bytes.Buffer) {
	fmt.Fprintf(out, "- %s, at commit %s; the run took %.0f s\n", b.began.UTC().Format("2006-01-02 15:04 UTC"), commit(), time.Since(b.began).Seconds())
	memory := field("/proc/meminfo", "MemTotal:")
	fmt.Fprintf(out, "- %s, %d cores, %d GB of memory, %s, load %s at the start and %s at the end\n", cpuModel(), runtime.NumCPU(), memory>>30,
		firstLine("uname", "-sr"), b.busy, loadAverage())
	fmt.Fprintf(out, "- %s\n", strings.Join(versions(), "; "))
	fmt.Fprintf(out, "- %d rounds of %d s, servers in turn; medians, and ratios of each round with their range; reads over %d connections; the generator runs on the same machine\n",
		b.rounds, b.seconds, readers)
	fmt.Fprintf(out, "- Cardea with its default settings, except `CARDEA_RATE_LIMIT=off` for registrations and growth\n\n")
}

func commit() string {
	out, _ := exec.Command("git", "describe", "--always", "--dirty", "--exclude=*").Output() //nolint:noctx // it takes a moment
	return "`" + strings.TrimSpace(string(out)) + "`"
}

func cpuModel() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	_, rest, _ := strings.Cut(string(info), "model name")
	line, _, _ := strings.Cut(rest, "\n")
	return strings.Trim(line, "\t :")
}

// loadAverage returns the load of the last minute (proc_loadavg(5)).
func loadAverage() string {
	text, _ := os.ReadFile("/proc/loadavg")
	minute, _, _ := strings.Cut(string(text), " ")
	return minute
}
