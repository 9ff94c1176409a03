package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// load is a file of requests for load.lua.
type load struct {
	file  string
	size  int    // of a request, in bytes
	order string // "random" or "once"
	next  int    // the next request to send, for "once"
}

// newLoad writes a file of requests, which must all have the same size.
func newLoad(dir, order string, count int, request func(i int) []byte) (*load, error) {
	l := &load{file: filepath.Join(dir, order+".requests"), order: order, size: len(request(0))}
	var data bytes.Buffer
	for i := range count {
		r := request(i)
		if len(r) != l.size {
			return nil, fmt.Errorf("request %d has %d bytes, the first %d", i, len(r), l.size)
		}
		data.Write(r)
	}
	return l, os.WriteFile(l.file, data.Bytes(), 0o600)
}

// sample is a measurement by wrk.
type sample struct {
	rate     float64 // requests a second
	p50, p99 time.Duration
	cpu      float64 // of the server for a request, in microseconds; without its database server
}

// wrkOutput is the line that load.lua writes.
type wrkOutput struct {
	Requests, Microseconds, Failed, Refused int64
	P50, P99                                int64
}

// send lets wrk send requests over a number of connections, as fast as the server
// answers. A failed request is an error.
func (l *load) send(ctx context.Context, s *server, connections, seconds int) (sample, error) {
	// One thread leaves the rest of the machine to the server. The time-out is long because logins can be slow.
	args := []string{"-t1", "-c" + strconv.Itoa(connections), "-d" + strconv.Itoa(seconds) + "s", "--timeout", "60s",
		"-s", "load.lua", "http://" + s.address, "--", l.file, strconv.Itoa(l.size), l.order, strconv.Itoa(l.next)}
	cmd := exec.CommandContext(ctx, "wrk", args...) //nolint:gosec // all of it ours
	before := cpuTime(s.cmd.Process.Pid)
	out, err := cmd.CombinedOutput()
	spent := cpuTime(s.cmd.Process.Pid) - before
	if err != nil {
		return sample{}, fmt.Errorf("wrk: %w: %s", err, out)
	}
	w, err := readWrk(out)
	if err != nil {
		return sample{}, s.failed(err)
	}
	l.next += int(w.Requests) + connections
	if w.Requests == 0 { // no answers: the latency is at least the duration
		w.P50, w.P99 = w.Microseconds, w.Microseconds
	}
	micros := func(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
	return sample{
		rate: float64(w.Requests) / micros(w.Microseconds).Seconds(), p50: micros(w.P50), p99: micros(w.P99),
		cpu: float64(spent.Microseconds()) / float64(max(w.Requests, 1)),
	}, nil
}

func readWrk(out []byte) (w wrkOutput, err error) {
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	if err := json.Unmarshal(lines[len(lines)-1], &w); err != nil {
		return w, fmt.Errorf("wrk wrote %s", out)
	}
	if w.Failed > 0 || w.Refused > 0 {
		err = fmt.Errorf("of %d requests %d failed and %d were answered with an error", w.Requests, w.Failed, w.Refused)
	}
	return w, err
}
