package workers

import (
	"fmt"
	"os"
	"path/filepath"
)

// quota is how many CPUs a container may use, rounded up; 0: as many as there are. Go
// heeds a container's limit as well, but never takes it for less than two
// (https://pkg.go.dev/runtime#GOMAXPROCS).
func quota() int { return quotaOf("/sys/fs/cgroup") }

// quotaOf reads the limit of the group at whose files a container finds its own
// (https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files, and
// scheduler/sched-bwc.html for the first version).
func quotaOf(root string) int {
	var micros, period int
	if limit, err := os.ReadFile(filepath.Join(root, "cpu.max")); err == nil { //nolint:gosec // a constant, but for tests
		_, err = fmt.Sscan(string(limit), &micros, &period) // or "max", which is no number
		return cpus(micros, period, err)
	}
	first, err1 := os.ReadFile(filepath.Join(root, "cpu", "cpu.cfs_quota_us"))   //nolint:gosec // as above
	second, err2 := os.ReadFile(filepath.Join(root, "cpu", "cpu.cfs_period_us")) //nolint:gosec // as above
	if err1 != nil || err2 != nil {
		return 0
	}
	_, err := fmt.Sscan(string(first)+" "+string(second), &micros, &period)
	return cpus(micros, period, err)
}

func cpus(micros, period int, err error) int {
	if err != nil || micros <= 0 || period <= 0 {
		return 0
	}
	return (micros + period - 1) / period
}
