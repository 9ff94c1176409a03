package main

import (
	"context"
	"fmt"
	"os"
)

// measureBinary measures the size of the binaries.
func (b *bench) measureBinary(context.Context) error {
	c := comparison{what: "binary", unit: " MB", lessIsBetter: true}
	for _, program := range []struct{ name, file, note string }{
		{"Cardea", "cardea", "as `make build` makes it"},
		{"PocketBase", "pocketbase", "as a library in 50 lines, without symbols and JavaScript"},
	} {
		info, err := os.Stat(b.binary(program.file))
		if err != nil {
			return err
		}
		c.add(program.name, megabytes(info.Size()), program.note)
	}
	b.report.compare(c)
	b.report.budget("binary", "", "PocketBase "+number(c.bars[1].value)+" MB", c.bars[0].value, atMost(40, "MB"))
	return nil
}

func megabytes(bytes int64) float64 { return float64(bytes) / 1e6 }

// startCase is a target and its data folder.
type startCase struct {
	target
	dir func() (string, error)
}

// measureStart measures the time from the start of the process to its first answer.
func (b *bench) measureStart(ctx context.Context) error {
	large, err := b.largeFolder()
	if err != nil {
		return err
	}
	var cases []startCase
	for _, p := range b.peers {
		cases = append(cases, startCase{p, b.folder})
	}
	cases = append(cases, startCase{b.cardea, func() (string, error) { return large, nil }})
	times := make([][]float64, len(cases))
	for round := range b.rounds {
		for i, t := range cases {
			dir, err := t.dir()
			if err != nil {
				return err
			}
			s, err := start(ctx, t, dir)
			if err != nil {
				return err
			}
			times[i] = append(times[i], ms(s.started))
			b.progress("start, round %d of %d: %s %s", round+1, b.rounds, t.Name(), millis(s.started))
			s.stop()
		}
	}
	c := comparison{what: "start to first answer, empty folder", unit: " ms", lessIsBetter: true}
	for i, p := range b.peers {
		c.add(p.Name(), median(times[i]), "")
	}
	b.report.compare(c)
	against := "PocketBase " + number(c.bars[1].value) + " ms"
	b.report.budget("start to first answer, empty folder", "", against, median(times[0]), atMost(60, "ms"))
	b.report.budget(fmt.Sprintf("… with %s users", count(b.users)), "", against+" (empty)",
		median(times[len(times)-1]), atMost(120, "ms"))
	return nil
}
