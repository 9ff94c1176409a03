package workers

import (
	"runtime"
	"syscall"
)

// lowest is the lowest priority that a thread can have: 19 steps, each of which
// leaves it a fifth less of a core that others want as well, in all 1.5 per cent
// (sched(7)).
const lowest = 19

// inBackground runs f on a thread of its own that has the lowest priority, which on
// Linux is each thread's own (setpriority(2), bugs). Where it is not allowed, it is
// a thread like others.
//
// Its goroutine has to end with f: as the thread stays locked, and its priority
// cannot be raised again, it ends as well. Threads that Go starts meanwhile do not
// inherit the priority; when one is locked, Go starts them from another.
func inBackground(f func()) {
	runtime.LockOSThread()
	if syscall.Gettid() == syscall.Getpid() { // the process's first thread, which cannot end before it
		ended := make(chan struct{})
		go func() { defer close(ended); inBackground(f) }()
		<-ended
		runtime.UnlockOSThread()
		return
	}
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, syscall.Gettid(), lowest)
	f()
}
