package conns

import "runtime"

const (
	mostConns = 10_000
	// memoryEach is what a connection may hold in memory while its client reads slowly:
	// its goroutine, the buffers of net/http, and one to copy a file.
	memoryEach = 64 << 10
)

// Most returns how many connections the process can have. It has two descriptors for each,
// because one may be sending a picture from a file. It keeps others for the database, which
// has two readers a core with three files each, and for everything else. An eighth of the
// memory, if that is limited, is for connections; 0: no limit. At most it is 10,000.
func Most(memory int64) int {
	return most(openFiles(), memory, runtime.NumCPU())
}

// most is [Most] for a limit of open files; 0: none.
func most(files uint64, memory int64, cores int) int {
	n := mostConns
	if files > 0 {
		kept := min(files/2, 64+6*uint64(cores)) //nolint:gosec // a small number
		n = int(min(uint64(n), (files-kept)/2))  //nolint:gosec // at most mostConns
	}
	if memory > 0 {
		n = int(min(int64(n), memory/8/memoryEach))
	}
	return max(n, 1)
}

// What the kernel may keep for clients that do not read their answers, in bytes. By default
// it grows to megabytes a connection. Large buffers are for few connections.
const (
	maxWriteBuffer = 256 << 10
	minWriteBuffer = 16 << 10
	writeBuffers   = 32 << 20 // shared among those that are open
)

// writeBuffer is the size for a new connection.
func writeBuffer(open int) int {
	return min(max(writeBuffers/max(open, 1), minWriteBuffer), maxWriteBuffer)
}
