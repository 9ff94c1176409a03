package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// The figures come from /proc (proc(5)). A server may have several processes:
// gunicorn's workers are children of the started process.

// tick is the unit of CPU times in /proc/PID/stat: 1/USER_HZ, which is 10 ms on every
// architecture that Go runs on.
const tick = 10 * time.Millisecond

// family returns the ids of a process and its descendants.
func family(pid int) []int {
	pids := []int{pid}
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, file := range tasks {
		children, _ := os.ReadFile(file) // the thread may have ended
		for child := range strings.FieldsSeq(string(children)) {
			if n, err := strconv.Atoi(child); err == nil {
				pids = append(pids, family(n)...)
			}
		}
	}
	return pids
}

// cpuTime returns the CPU time of a process and its descendants, user and system.
func cpuTime(pid int) time.Duration {
	var ticks int64
	for _, p := range family(pid) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p))
		if err != nil {
			continue // the process has ended
		}
		// The second field is the program's name in brackets. It may contain any character.
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		for _, field := range fields[11:13] { // utime and stime, fields 14 and 15
			n, _ := strconv.ParseInt(field, 10, 64)
			ticks += n
		}
	}
	return time.Duration(ticks) * tick
}

// resident returns the memory of a process and its descendants in bytes. Shared memory
// counts once (PSS).
func resident(pid int) int64 {
	var bytes int64
	for _, p := range family(pid) {
		bytes += field(fmt.Sprintf("/proc/%d/smaps_rollup", p), "Pss:")
	}
	return bytes
}

// peak returns the highest memory of a process since resetPeak, in bytes.
func peak(pid int) int64 { return field(fmt.Sprintf("/proc/%d/status", pid), "VmHWM:") }

func resetPeak(pid int) error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
}

// field returns the value of a line such as "VmHWM:   12345 kB" in bytes, or 0 without
// such a line.
func field(file, name string) int64 {
	f, err := os.Open(file)
	if err != nil {
		return 0
	}
	defer f.Close() //nolint:errcheck // only read
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), name); ok {
			kib, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(value, "kB")), 10, 64)
			return kib << 10
		}
	}
	return 0
}
