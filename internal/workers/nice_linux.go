package workers

import (
	"runtime"
	"syscall"
	"time"
)

// niceness is how much lower the priority of workers is than that of the process.
// Each step leaves a thread a fifth less of a contended core (sched(7)). One step
// is enough; with five, logins get half as much (docs/decisions/0011-workers.md).
const niceness = 1

// inBackground runs f on a low-priority thread of its own. On Linux, priority
// belongs to a thread (setpriority(2), bugs). Where lowering it is not allowed,
// the thread keeps its priority.
//
// The goroutine must end when f returns. Its thread stays locked and ends with it,
// because a priority cannot be raised again. Other threads do not inherit the
// priority: Go never starts threads from a locked one.
func inBackground(f func()) {
	runtime.LockOSThread()
	if syscall.Gettid() == syscall.Getpid() {
		// The first thread cannot end before the process, and tools show its
		// niceness as that of the whole process. Use another.
		ended := make(chan struct{})
		go func() { defer close(ended); inBackground(f) }()
		<-ended
		runtime.UnlockOSThread()
		return
	}
	// The system call returns 20 minus the niceness; only the C library converts it.
	if priority, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0); err == nil {
		_ = syscall.Setpriority(syscall.PRIO_PROCESS, syscall.Gettid(), min(19, 20-priority+niceness))
	}
	f()
}

// ThreadTime returns the CPU time that the calling thread has used. It is for what
// workers run: a worker never changes its thread.
func ThreadTime() time.Duration {
	const thisThread = 1 // RUSAGE_THREAD, getrusage(2)
	var used syscall.Rusage
	if err := syscall.Getrusage(thisThread, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
