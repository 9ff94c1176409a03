//go:build !linux

package workers

// inBackground only runs f where the standard library knows no priorities of threads.
func inBackground(f func()) { f() }
