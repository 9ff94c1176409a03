package process

import "syscall"

// memory is a folder in memory. Without 4 GB of free space there it is empty, for a container may
// give only 64 MB.
func memory() string {
	const folder, tmpfs, needed = "/dev/shm", 0x01021994, 4 << 30
	var disk syscall.Statfs_t
	if err := syscall.Statfs(folder, &disk); err != nil || disk.Type != tmpfs || disk.Bavail*uint64(disk.Bsize) < needed {
		return ""
	}
	return folder
}
