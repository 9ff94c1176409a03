package workers_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cardea-accounts/cardea/internal/fair"
	"github.com/cardea-accounts/cardea/internal/workers"
)

// line is a pool whose only worker is busy, so jobs wait.
type line struct {
	*workers.Pool
	t       *testing.T
	release func()
	ran     []string // jobs that have run, in order
	busy    []string // jobs that were refused
}

func newLine(t *testing.T, waiting int) *line {
	l := &line{Pool: newPool(t, workers.Limits{Workers: 1, Waiting: waiting, Wait: time.Hour}), t: t}
	l.release = hold(t, l.Pool)
	return l
}

// come adds a job for an account and an address: "ada@home".
func (l *line) come(name string, weight int64) {
	account, address, _ := strings.Cut(name, "@")
	job := workers.Job{Weight: weight, Flows: []fair.Flow{flow("account " + account), flow("address " + address)}}
	go func() {
		if err := l.Do(l.t.Context(), job, func() { l.ran = append(l.ran, name) }); errors.Is(err, workers.ErrBusy) {
			l.busy = append(l.busy, name)
		}
	}()
	synctest.Wait() // until it waits or was refused
}

func flow(name string) (f fair.Flow) {
	copy(f.Name[:], name)
	return f
}

// want lets the jobs run and checks their order.
func (l *line) want(order ...string) {
	l.t.Helper()
	l.release()
	if !slices.Equal(l.ran, order) {
		l.t.Errorf("ran %v, want %v", l.ran, order)
	}
}

func TestFairQueue(t *testing.T) {
	for what, c := range map[string]struct{ come, want []string }{
		"one address, many accounts": {
			[]string{"a@evil", "b@evil", "c@evil", "d@evil", "ada@home", "bob@work"},
			[]string{"a@evil", "ada@home", "bob@work", "b@evil", "c@evil", "d@evil"},
		},
		"one account, many addresses": {
			[]string{"eve@1", "eve@2", "eve@3", "eve@4", "ada@home", "bob@work"},
			[]string{"eve@1", "ada@home", "bob@work", "eve@2", "eve@3", "eve@4"},
		},
		"two busy clients take turns": {
			[]string{"a@1", "b@1", "c@1", "d@2", "e@2", "f@2"},
			[]string{"a@1", "d@2", "b@1", "e@2", "c@1", "f@2"},
		},
		"a flooded account does not delay others at its address": {
			[]string{"ada@1", "ada@2", "ada@3", "ada@home", "bob@home"},
			[]string{"ada@1", "ada@2", "bob@home", "ada@3", "ada@home"},
		},
		"a lone client, in order": {
			[]string{"a@1", "b@1", "a@1", "a@1", "b@1"},
			[]string{"a@1", "b@1", "a@1", "a@1", "b@1"},
		},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLine(t, 100)
				for _, name := range c.come {
					l.come(name, 1)
				}
				l.want(c.want...)
			})
		})
	}
}

// New clients do not overtake jobs that have waited long, however many they are.
func TestNewcomersDoNotOvertakeForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(t, 100)
		open := make(chan struct{})
		for _, name := range []string{"a@1", "a@2", "b@1"} {
			l.come(name, 1)
		}
		go func() {
			_ = l.Do(t.Context(), workers.Job{Flows: []fair.Flow{flow("address 2")}}, func() { <-open })
		}()
		synctest.Wait()
		l.come("c@1", 1)
		l.release() // up to the one that waits for open
		l.come("d@3", 1)
		l.come("e@3", 1)
		l.release = func() { close(open); synctest.Wait() }
		l.want("a@1", "a@2", "b@1", "d@3", "c@1", "e@3")
	})
}

// Heavy jobs count for more.
func TestFairByWeight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(t, 100)
		l.come("a@1", 3)
		l.come("b@1", 3)
		for range 4 {
			l.come("c@2", 1)
		}
		l.want("a@1", "c@2", "c@2", "c@2", "b@1", "c@2")
	})
}

// A client that was away gains and loses nothing by it.
func TestNothingIsSavedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(t, 100)
		for range 20 {
			l.come("a@1", 1)
		}
		l.release()
		l.ran, l.release = nil, hold(t, l.Pool)
		l.come("a@1", 1)
		l.come("b@2", 1)
		l.come("a@1", 1)
		l.come("b@2", 1)
		l.want("a@1", "b@2", "a@1", "b@2")
	})
}

// A client that fills the queue makes room for others, and does not get it back.
func TestFullQueueMakesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(t, 4)
		for _, name := range []string{"a@evil", "b@evil", "c@evil", "d@evil"} {
			l.come(name, 1)
		}
		l.come("e@evil", 1)
		l.come("ada@home", 1)
		l.come("bob@work", 1)
		l.come("f@evil", 1)
		if want := []string{"e@evil", "d@evil", "c@evil", "f@evil"}; !slices.Equal(l.busy, want) {
			t.Errorf("refused: %v, want %v", l.busy, want)
		}
		if load := l.Load(); load.Refused != 4 || load.Displaced != 2 {
			t.Errorf("%+v, want 4 refused, 2 of them displaced", load)
		}
		l.want("a@evil", "ada@home", "bob@work", "b@evil")
	})
}

// A lone client may use every worker.
func TestAloneWithAllWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, workers.Limits{Workers: 4, Waiting: 100, Wait: time.Hour})
		begun := time.Now()
		job := workers.Job{Weight: 1, Flows: []fair.Flow{flow("account"), flow("address")}}
		done := make(chan error)
		for range 8 {
			go func() { done <- p.Do(t.Context(), job, func() { time.Sleep(time.Second) }) }()
		}
		for range 8 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(begun); took != 2*time.Second {
			t.Errorf("8 seconds of work took 4 workers %v", took)
		}
	})
}

// Running jobs never weigh more than allowed together, and heavy jobs get their turn
// among light jobs that never end.
func TestMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 10
		p := newPool(t, workers.Limits{Workers: 4, Waiting: 1000, Wait: time.Hour, Memory: limit})
		var mu sync.Mutex
		var weight int64 // of running jobs
		change := func(by int64) {
			mu.Lock()
			defer mu.Unlock()
			if weight += by; weight > limit && weight != by {
				t.Errorf("%d at once, want %d at most, or one heavier job alone", weight, limit)
			}
		}
		do := func(w int64) error {
			return p.Do(t.Context(), workers.Job{Weight: w}, func() { change(w); time.Sleep(time.Second); change(-w) })
		}
		stop := time.Now().Add(time.Minute)
		done := make(chan error)
		for range 8 {
			go func() {
				var err error
				for time.Now().Before(stop) && err == nil {
					err = do(3)
				}
				done <- err
			}()
		}
		begun := time.Now()
		for _, w := range []int64{10, 8, 11} { // the last is too heavy for any turn but one alone
			if err := do(w); err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(begun); took > 20*time.Second {
			t.Errorf("three heavy ones took %v", took)
		}
		for range 8 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
}

// A job that takes long for its memory delays the jobs of its own flow, as a heavy one does.
func TestFairByTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, workers.Limits{Workers: 1, Waiting: 10, Wait: time.Minute, Memory: 10})
		release := hold(t, p)
		order := make(chan string, 4)
		for _, job := range []struct {
			name, account string
			time          int64
		}{{"long", "eve", 5}, {"behind it", "eve", 0}, {"first", "ada", 0}, {"second", "ada", 0}} {
			go func() {
				flows := []fair.Flow{flow("account " + job.account)}
				err := p.Do(t.Context(), workers.Job{Weight: 1, Time: job.time, Flows: flows}, func() { order <- job.name })
				if err != nil {
					t.Error(err)
				}
			}()
			synctest.Wait()
		}
		release()
		if got := [4]string{<-order, <-order, <-order, <-order}; got != [4]string{"long", "first", "second", "behind it"} {
			t.Errorf("order %v", got)
		}
	})
}

// When a job that is too heavy at the moment gives up, the jobs behind it continue.
func TestTooHeavyGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, workers.Limits{Workers: 2, Waiting: 10, Wait: 5 * time.Second, Memory: 10})
		release := hold(t, p) // weighs 1
		begun := time.Now()
		go func() {
			if err := p.Do(t.Context(), workers.Job{Weight: 10}, func() { t.Error("ran") }); !errors.Is(err, workers.ErrBusy) {
				t.Errorf("too heavy: %v", err)
			}
		}()
		synctest.Wait()
		time.Sleep(time.Second)
		if err := p.Do(t.Context(), workers.Job{Weight: 1}, func() {}); err != nil || time.Since(begun) != 5*time.Second {
			t.Errorf("the job behind: %v after %v", err, time.Since(begun))
		}
		release()
	})
}
