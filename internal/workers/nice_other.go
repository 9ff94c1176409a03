//go:build !linux

package workers

// inBackground runs f. Only Linux has priorities of threads in the standard library.
func inBackground(f func()) { f() }
