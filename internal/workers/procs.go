package workers

import (
	"os"
	"runtime"
	"sync"
)

// procs is how far the pools of this program have raised GOMAXPROCS together.
//
// GOMAXPROCS is how many threads run Go code at a time. A worker counts as one of
// them even while the kernel gives its core to another thread. So with a worker
// for every core, no thread would be left for requests. Raised by the workers,
// there are threads for both, and the kernel chooses between them by priority.
var procs struct {
	sync.Mutex
	raised int
}

// raiseProcs raises GOMAXPROCS by n, or lowers it if n is negative.
func raiseProcs(n int) {
	procs.Lock()
	defer procs.Unlock()
	procs.raised += n
	runtime.GOMAXPROCS(max(1, runtime.GOMAXPROCS(0)+n))
}

// cores is how many cores this program may use: GOMAXPROCS without what pools have
// raised it by, or the CPU limit of a container if that is lower.
func cores() int {
	procs.Lock()
	defer procs.Unlock()
	n := max(1, runtime.GOMAXPROCS(0)-procs.raised)
	if limit := quota(); limit > 0 && os.Getenv("GOMAXPROCS") == "" {
		n = min(n, limit)
	}
	return n
}
