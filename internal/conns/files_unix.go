//go:build unix

package conns

import "syscall"

// openFiles is how many files the process may have open; 0: unknown.
func openFiles() uint64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return uint64(limit.Cur) //nolint:unconvert // FreeBSD has an int64
}
