package workers

import (
	"runtime"
	"syscall"
)

// niceness is how far workers stand behind the rest of the process. Each step leaves a
// thread a fifth less of a core that others want as well (sched(7)). One is enough
// for requests to come first with GOMAXPROCS raised; with 5, logins get half of what
// one leaves them, and with 19, the lowest, nobody could sign in beside something else
// that is busy on the machine (docs/decisions/0011-workers.md has the figures).
const niceness = 1

// inBackground runs f on a thread of its own that has a low priority, which on
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
	// The call itself, not the library's function, returns 20 minus the niceness.
	if priority, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0); err == nil {
		_ = syscall.Setpriority(syscall.PRIO_PROCESS, syscall.Gettid(), min(19, 20-priority+niceness))
	}
	f()
}
