package workers

import (
	"os"
	"runtime"
	"sync"
)

// GOMAXPROCS is how many threads run Go code at a time. A worker that the kernel has
// taken from its core still counts as one of them, and would leave nobody to answer
// requests; so each worker brings one more. The kernel then chooses between them
// by their priority, which Go's scheduler knows nothing of.
//
// The sum is kept here, since a program may have several pools.
var procs struct {
	sync.Mutex
	raised int
}

// raiseProcs lets n threads more run Go code, or, below zero, fewer again.
func raiseProcs(n int) {
	procs.Lock()
	defer procs.Unlock()
	procs.raised += n
	runtime.GOMAXPROCS(max(1, runtime.GOMAXPROCS(0)+n))
}

// cores is how many threads may run Go code without the workers: as many as there
// are cores, or as a container or the environment allow.
func cores() int {
	procs.Lock()
	defer procs.Unlock()
	n := max(1, runtime.GOMAXPROCS(0)-procs.raised)
	if limit := quota(); limit > 0 && os.Getenv("GOMAXPROCS") == "" {
		n = min(n, limit)
	}
	return n
}
