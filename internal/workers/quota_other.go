//go:build !linux

package workers

// quota returns how many CPUs a container may use; 0 means no limit.
func quota() int { return 0 }
