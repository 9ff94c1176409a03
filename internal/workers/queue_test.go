package workers_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cardea-accounts/cardea/internal/workers"
)

// line is a pool of one worker, which is busy, so that jobs wait.
type line struct {
	*workers.Pool
	t       *testing.T
	release func()
	ran     []string // the names of those that have run, in their order
	busy    []string // of those that were turned away
}

func newLine(t *testing.T, waiting int) *line {
	l := &line{Pool: newPool(t, workers.Limits{Workers: 1, Waiting: waiting, Wait: time.Hour}), t: t}
	l.release = hold(t, l.Pool)
	return l
}

// come lets a job come for an account and an address: "ada@home".
func (l *line) come(who string, weight int64) {
	account, address, _ := strings.Cut(who, "@")
	job := workers.Job{Weight: weight, Flows: []workers.Flow{flow("account " + account), flow("address " + address)}}
	go func() {
		if err := l.Do(l.t.Context(), job, func() { l.ran = append(l.ran, who) }); errors.Is(err, workers.ErrBusy) {
			l.busy = append(l.busy, who)
		}
	}()
	synctest.Wait() // until it waits, or was turned away
}

func flow(name string) (f workers.Flow) {
	copy(f[:], name)
	return f
}

// want requires that jobs run in an order.
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
		"two who have much to do take turns": {
			[]string{"a@1", "b@1", "c@1", "d@2", "e@2", "f@2"},
			[]string{"a@1", "d@2", "b@1", "e@2", "c@1", "f@2"},
		},
		"whose account others flood makes nobody of the same address wait": {
			[]string{"ada@1", "ada@2", "ada@3", "ada@home", "bob@home"},
			[]string{"ada@1", "ada@2", "bob@home", "ada@3", "ada@home"},
		},
		"alone, as they came": {
			[]string{"a@1", "b@1", "a@1", "a@1", "b@1"},
			[]string{"a@1", "b@1", "a@1", "a@1", "b@1"},
		},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLine(t, 100)
				for _, who := range c.come {
					l.come(who, 1)
				}
				l.want(c.want...)
			})
		})
	}
}

// Who comes later does not come before those who have had their wait for long, be
// they as many as they are.
func TestNewcomersDoNotOvertakeForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(t, 100)
		open := make(chan struct{})
		for _, who := range []string{"a@1", "a@2", "b@1"} {
			l.come(who, 1)
		}
		go func() {
			_ = l.Do(t.Context(), workers.Job{Flows: []workers.Flow{flow("address 2")}}, func() { <-open })
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

// What is heavy counts for more.
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

// Who was away comes neither before nor behind the others for that.
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

// One who fills the queue makes room for others, and does not get it back.
func TestFullQueueMakesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(t, 4)
		for _, who := range []string{"a@evil", "b@evil", "c@evil", "d@evil"} {
			l.come(who, 1)
		}
		l.come("e@evil", 1)
		l.come("ada@home", 1)
		l.come("bob@work", 1)
		l.come("f@evil", 1)
		if want := []string{"e@evil", "d@evil", "c@evil", "f@evil"}; !slices.Equal(l.busy, want) {
			t.Errorf("turned away: %v, want %v", l.busy, want)
		}
		if load := l.Load(); load.Refused != 4 || load.Displaced != 2 {
			t.Errorf("%+v, want 4 refused, of whom 2 made room", load)
		}
		l.want("a@evil", "ada@home", "bob@work", "b@evil")
	})
}

// A lone client may have every worker.
func TestAloneWithAllWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, workers.Limits{Workers: 4, Waiting: 100, Wait: time.Hour})
		begun := time.Now()
		job := workers.Job{Weight: 1, Flows: []workers.Flow{flow("account"), flow("address")}}
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

// What runs weighs no more together than allowed; and what is heavy gets its turn
// although what is light never ends.
func TestMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 10
		p := newPool(t, workers.Limits{Workers: 4, Waiting: 1000, Wait: time.Hour, Memory: limit})
		var mu sync.Mutex
		var weight int64 // of what runs
		change := func(by int64) {
			mu.Lock()
			defer mu.Unlock()
			if weight += by; weight > limit && weight != by {
				t.Errorf("%d at once, want %d at most, or a heavier one alone", weight, limit)
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

// One that is too heavy at the moment and gives up lets those behind it go on.
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
			t.Errorf("the one behind: %v after %v", err, time.Since(begun))
		}
		release()
	})
}
