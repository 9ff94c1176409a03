package house

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/workers"
)

// Hold gives a pool so many jobs of a weight that last until the returned function is
// called. It returns when all of them run.
func Hold(t testing.TB, p *workers.Pool, jobs int, weight int64) (release func()) {
	t.Helper()
	began, end := make(chan struct{}), make(chan struct{})
	for range jobs {
		go func() { _ = p.Do(t.Context(), workers.Job{Weight: weight}, func() { began <- struct{}{}; <-end }) }()
		<-began
	}
	release = sync.OnceFunc(func() { close(end) })
	t.Cleanup(release) // before the pool is closed, which waits for them
	return release
}

// AwaitWaiting waits until so many jobs wait in a pool.
func AwaitWaiting(t testing.TB, p *workers.Pool, jobs int) {
	t.Helper()
	for began := time.Now(); p.Load().Waiting != jobs; runtime.Gosched() {
		if time.Since(began) > 20*time.Second {
			t.Fatalf("%+v, want %d waiting", p.Load(), jobs)
		}
	}
}
