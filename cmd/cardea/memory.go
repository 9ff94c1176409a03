package main

import (
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
)

// ballastBytes is memory that is allocated and never touched, so it takes address space
// only. The garbage collector starts when the heap is twice what is in use. With a small
// heap that is often, and costs a busy server much of its time. The ballast counts as in
// use. It adds a constant amount of garbage, while GOGC would multiply the memory of
// pictures. The figures are in docs/decisions/0015-cheap-requests.md.
const ballastBytes = 16 << 20

// holdBallast allocates the ballast. The function that it returns releases it.
func holdBallast() (release func()) {
	ballast := make([]byte, ballastBytes)
	return func() { runtime.KeepAlive(ballast) }
}

// Memory from which garbage is collected early, in bytes. Without a limit, Go lets garbage
// grow to the size of what is in use, which is hundreds of megabytes during uploads. Files
// and pixels hold no pointers, so collecting them is cheap.
const (
	collectFrom       = 256 << 20
	collectPerSession = 2 << 10 // a session in memory is all pointers, and no garbage
)

// limitGarbage sets the memory limit, unless the operator has set one (GOMEMLIMIT). In a
// container it leaves a part for what the limit does not cover, such as the program itself.
func limitGarbage(sessions int, container int64) {
	if debug.SetMemoryLimit(-1) != math.MaxInt64 {
		return
	}
	limit := collectFrom + collectPerSession*int64(sessions)
	if container > 0 {
		limit = min(limit, container/4*3)
	}
	debug.SetMemoryLimit(limit)
}

// containerMemory returns the memory limit of the control group in bytes; 0: none. It
// reads version 2 and version 1, as they look from inside a container and from outside.
func containerMemory() int64 { return memoryLimit("/sys/fs/cgroup", "/proc/self/cgroup") }

// memoryLimit is the least limit of the group that the file self names and of those above.
func memoryLimit(root, self string) (least int64) {
	text, err := os.ReadFile(self) //nolint:gosec // a file of the kernel
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) { // hierarchy:controllers:path, see cgroups(7)
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 {
			continue
		}
		folder, file := root, "memory.max"
		if fields[1] != "" {
			folder, file = filepath.Join(root, "memory"), "memory.limit_in_bytes"
			if !slices.Contains(strings.Split(fields[1], ","), "memory") {
				continue
			}
		}
		for group := filepath.Join("/", fields[2]); ; group = filepath.Dir(group) {
			if limit := readLimit(filepath.Join(folder, group, file)); limit > 0 && (least == 0 || limit < least) {
				least = limit
			}
			if group == "/" {
				break
			}
		}
	}
	return least
}

// noLimit is more than any machine has. Version 1 says so where there is no limit.
const noLimit = 1 << 50

// readLimit reads a file of the kernel; 0: no limit.
func readLimit(path string) int64 {
	text, err := os.ReadFile(path) //nolint:gosec // a file of the kernel
	if err != nil {
		return 0
	}
	limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64) // fails for "max"
	if err != nil || limit >= noLimit {
		return 0
	}
	return limit
}
