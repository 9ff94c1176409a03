//go:build linux || darwin || freebsd

package guard

import "syscall"

// freeSpace returns how many bytes of a folder's disk this process may still use, and how
// many the disk has.
func freeSpace(folder string) (free, total uint64, err error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(folder, &s); err != nil {
		return 0, 0, err
	}
	size := uint64(s.Bsize)                              //nolint:gosec,unconvert // positive; its type differs between systems
	return uint64(s.Bavail) * size, s.Blocks * size, nil //nolint:gosec,unconvert // as above
}
