package workers

import (
	"fmt"
	"os"
	"path/filepath"
)

// quota returns how many CPUs a container may use, rounded up; 0 means no limit. Go
// sets GOMAXPROCS by this limit too, but never below two
// (https://pkg.go.dev/runtime#GOMAXPROCS).
func quota() int { return quotaOf("/sys/fs/cgroup") }

// quotaOf reads the limit from the files of a control group, version 2 or 1
// (https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files and
// https://docs.kernel.org/scheduler/sched-bwc.html).
func quotaOf(root string) int {
	var micros, period int
	if limit, err := os.ReadFile(filepath.Join(root, "cpu.max")); err == nil { //nolint:gosec // a constant, but for tests
		_, err = fmt.Sscan(string(limit), &micros, &period) // or "max", which is no number
		return cpus(micros, period, err)
	}
	limit, err1 := os.ReadFile(filepath.Join(root, "cpu", "cpu.cfs_quota_us")) //nolint:gosec // as above
	per, err2 := os.ReadFile(filepath.Join(root, "cpu", "cpu.cfs_period_us"))  //nolint:gosec // as above
	if err1 != nil || err2 != nil {
		return 0
	}
	_, err := fmt.Sscan(string(limit)+" "+string(per), &micros, &period)
	return cpus(micros, period, err)
}

func cpus(micros, period int, err error) int {
	if err != nil || micros <= 0 || period <= 0 {
		return 0
	}
	return (micros + period - 1) / period
}
