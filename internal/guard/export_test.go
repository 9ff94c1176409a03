package guard

import "runtime"

// AwaitWriters waits until so many transactions wait for their turn.
func (a *Audit) AwaitWriters(n int) {
	for a.writers.Len() != n {
		runtime.Gosched()
	}
}
