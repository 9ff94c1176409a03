//go:build !linux

package workers

import "time"

// inBackground runs f. Only Linux has priorities of threads in the standard library.
func inBackground(f func()) { f() }

var start = time.Now()

// ThreadTime returns the time, which passes at least as fast as the CPU time that the calling
// thread uses.
func ThreadTime() time.Duration { return time.Since(start) }
