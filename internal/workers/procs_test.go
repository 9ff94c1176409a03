package workers_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/workers"
)

// Pools that may raise GOMAXPROCS do so with their first job, each by its workers, and
// lower it when they are closed.
func TestPoolsRaiseGOMAXPROCSWhileTheyWork(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	want := func(what string, raised int) {
		t.Helper()
		if got := runtime.GOMAXPROCS(0); got != before+raised {
			t.Errorf("%s: GOMAXPROCS %d, want %d", what, got, before+raised)
		}
	}
	use := func(p *workers.Pool) {
		if err := p.Do(t.Context(), workers.Job{}, func() {}); err != nil {
			t.Error(err)
		}
	}
	limits := workers.Limits{Workers: 3, Wait: time.Minute, RaiseProcs: true}
	first, idle := newPool(t, limits), newPool(t, limits)
	want("at first", 0)
	use(first)
	use(first)
	want("with a pool", 3)
	limits.Workers = 0
	second := newPool(t, limits)
	if got := second.Load().Slots; got != before {
		t.Errorf("a second pool has %d workers, want %d, one a core", got, before)
	}
	use(second)
	want("with two", 3+before)
	first.Close()
	want("with one closed", before)
	idle.Close()
	second.Close()
	second.Close()
	want("in the end", 0)
}

func TestPoolsLeaveGOMAXPROCSAloneByDefault(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	p := newPool(t, workers.Limits{Wait: time.Minute})
	if err := p.Do(t.Context(), workers.Job{}, func() {}); err != nil {
		t.Error(err)
	}
	if got := runtime.GOMAXPROCS(0); got != before {
		t.Errorf("with a job: GOMAXPROCS %d, want %d", got, before)
	}
	p.Close()
	if got := runtime.GOMAXPROCS(0); got != before {
		t.Errorf("closed: GOMAXPROCS %d, want %d", got, before)
	}
}
