package workers_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cardea-accounts/cardea/internal/workers"
)

// Time in these tests is that of testing/synctest: it passes only when every goroutine waits.

// newPool returns a pool that is closed at the end of the test.
func newPool(t testing.TB, limits workers.Limits) *workers.Pool {
	t.Helper()
	p := workers.NewPool(limits)
	t.Cleanup(p.Close)
	return p
}

// hold keeps one worker of a pool busy until the returned function is called.
func hold(t *testing.T, p *workers.Pool) (release func()) {
	t.Helper()
	begun, done := make(chan struct{}), make(chan struct{})
	go func() {
		if err := p.Do(context.Background(), workers.Job{}, func() { close(begun); <-done }); err != nil {
			t.Errorf("hold: %v", err)
			close(begun)
		}
	}()
	<-begun
	return func() { close(done); synctest.Wait() }
}

func TestDoRunsAndReturns(t *testing.T) {
	p := newPool(t, workers.Limits{Workers: 1, Wait: time.Second})
	for range 3 {
		ran := false
		if err := p.Do(t.Context(), workers.Job{}, func() { ran = true }); err != nil || !ran {
			t.Errorf("ran: %v, %v", ran, err)
		}
	}
}

func TestOnlySoManyAtOnce(t *testing.T) {
	for _, c := range []struct{ atOnce, want int }{{1, 1}, {3, 3}, {0, runtime.GOMAXPROCS(0)}} {
		synctest.Test(t, func(t *testing.T) {
			p := newPool(t, workers.Limits{Workers: c.atOnce, Waiting: 100, Wait: time.Hour})
			var mu sync.Mutex
			running, most, ran := 0, 0, 0
			count := func(n int) {
				mu.Lock()
				defer mu.Unlock()
				running += n
				most = max(most, running)
				ran += max(n, 0)
			}
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() {
					if err := p.Do(t.Context(), workers.Job{}, func() { count(1); time.Sleep(time.Second); count(-1) }); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			if most != c.want || ran != 20 {
				t.Errorf("a pool of %d ran %d at once, %d in all", c.atOnce, most, ran)
			}
		})
	}
}

func TestFirstComeFirstServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, workers.Limits{Workers: 1, Waiting: 100, Wait: time.Hour})
		release := hold(t, p)
		var order []int // written by one at a time
		for i := range 20 {
			go func() { _ = p.Do(t.Context(), workers.Job{}, func() { order = append(order, i) }) }()
			synctest.Wait() // until it waits its turn
		}
		release()
		if !slices.IsSorted(order) || len(order) != 20 {
			t.Errorf("order: %v", order)
		}
	})
}

// A job that comes when a worker has just become free does not overtake waiting jobs.
func TestNobodyOvertakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 50 {
			p := newPool(t, workers.Limits{Workers: 1, Waiting: 100, Wait: time.Hour})
			var order []string // written by one at a time
			_ = p.Do(t.Context(), workers.Job{}, func() {
				go func() { _ = p.Do(t.Context(), workers.Job{}, func() { order = append(order, "waited") }) }()
				synctest.Wait()
			})
			_ = p.Do(t.Context(), workers.Job{}, func() { order = append(order, "came late") })
			if got := fmt.Sprint(order); got != "[waited came late]" {
				t.Fatalf("order: %v", got)
			}
		}
	})
}

func TestBusyWhenTooManyWait(t *testing.T) {
	for _, maxWaiting := range []int{0, 1, 3} {
		synctest.Test(t, func(t *testing.T) {
			p := newPool(t, workers.Limits{Workers: 1, Waiting: maxWaiting, Wait: time.Hour})
			release := hold(t, p)
			ran := 0
			for range maxWaiting {
				go func() {
					if err := p.Do(t.Context(), workers.Job{}, func() { ran++ }); err != nil {
						t.Errorf("a job that may wait: %v", err)
					}
				}()
			}
			synctest.Wait()
			for range 2 { // refused jobs leave no trace
				begun := time.Now()
				err := p.Do(t.Context(), workers.Job{}, func() { t.Error("ran") })
				if !errors.Is(err, workers.ErrBusy) || time.Since(begun) != 0 {
					t.Errorf("with %d waiting: %v after %v", maxWaiting, err, time.Since(begun))
				}
			}
			release()
			if ran != maxWaiting {
				t.Errorf("%d of %d that waited ran", ran, maxWaiting)
			}
			if err := p.Do(t.Context(), workers.Job{}, func() {}); err != nil {
				t.Errorf("when all is done: %v", err)
			}
		})
	}
}

func TestBusyAfterTheLongestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, workers.Limits{Workers: 1, Waiting: 1, Wait: 5 * time.Second})
		release := hold(t, p)
		for range 2 { // a job that gave up no longer counts as waiting
			begun := time.Now()
			err := p.Do(t.Context(), workers.Job{}, func() { t.Error("ran") })
			if waited := time.Since(begun); !errors.Is(err, workers.ErrBusy) || waited != 5*time.Second {
				t.Errorf("%v after %v", err, waited)
			}
		}
		release()
	})
}

func TestContextThatEndsBeforeItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, workers.Limits{Workers: 1, Waiting: 1, Wait: time.Hour})
		release := hold(t, p)
		begun := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := p.Do(ctx, workers.Job{}, func() { t.Error("ran") })
		if waited := time.Since(begun); !errors.Is(err, context.DeadlineExceeded) || waited != time.Second {
			t.Errorf("%v after %v", err, waited)
		}
		release()
		if err := p.Do(t.Context(), workers.Job{}, func() {}); err != nil {
			t.Errorf("the next one: %v", err)
		}
	})
}

func TestContextThatHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		p := newPool(t, workers.Limits{Workers: 1, Waiting: 1, Wait: time.Hour})
		idle := p.Do(ended, workers.Job{}, func() { t.Error("ran") })
		release := hold(t, p)
		busy := p.Do(ended, workers.Job{}, func() { t.Error("ran") })
		release()
		if !errors.Is(idle, context.Canceled) || !errors.Is(busy, context.Canceled) {
			t.Errorf("got %v in an idle pool, %v in a busy one", idle, busy)
		}
	})
}

// A job whose turn comes when its context has just ended does not run.
func TestContextThatEndsWithItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 50 { // select picks either at random
			p := newPool(t, workers.Limits{Workers: 1, Waiting: 1, Wait: time.Hour})
			release := hold(t, p)
			ctx, cancel := context.WithCancel(t.Context())
			var err error
			go func() { err = p.Do(ctx, workers.Job{}, func() { t.Error("ran") }) }()
			synctest.Wait()
			cancel()
			release()
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("got %v", err)
			}
		}
	})
}

// A running job is not interrupted, and counts as done.
func TestContextThatEndsMeanwhile(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	if err := newPool(t, workers.Limits{Workers: 1, Wait: time.Second}).Do(ctx, workers.Job{}, cancel); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestPanicIsTheCallersAndFreesTheWorker(t *testing.T) {
	p := newPool(t, workers.Limits{Workers: 1, Wait: time.Second})
	for range 3 {
		func() {
			defer func() {
				got, _ := recover().(*workers.Panic)
				if got == nil || got.Value != "oops" || !strings.Contains(got.Error(), "oops\n") || !strings.Contains(got.Error(), "pool_test.go") {
					t.Errorf("recovered %v", got)
				}
			}()
			_ = p.Do(t.Context(), workers.Job{}, func() { panic("oops") })
		}()
	}
	if err := p.Do(t.Context(), workers.Job{}, func() {}); err != nil {
		t.Errorf("the next one: %v", err)
	}
}

// Close refuses waiting jobs and waits for running ones. No job runs afterwards.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, workers.Limits{Workers: 1, Waiting: 1, Wait: time.Hour})
		release := hold(t, p)
		var waited error
		go func() { waited = p.Do(t.Context(), workers.Job{}, func() { t.Error("ran") }) }()
		synctest.Wait()
		closed := false
		go func() { p.Close(); closed = true }()
		synctest.Wait()
		if !errors.Is(waited, workers.ErrBusy) || closed {
			t.Errorf("while a job runs: a waiting one gets %v; closed: %v", waited, closed)
		}
		release()
		if err := p.Do(t.Context(), workers.Job{}, func() { t.Error("ran") }); !errors.Is(err, workers.ErrBusy) || !closed {
			t.Errorf("afterwards: %v; closed: %v", err, closed)
		}
	})
}

func TestLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, workers.Limits{Workers: 1, Waiting: 2, Wait: time.Hour})
		release := hold(t, p)
		for range 3 {
			go func() { _ = p.Do(t.Context(), workers.Job{}, func() {}) }()
		}
		synctest.Wait()
		time.Sleep(time.Second)
		want := workers.Load{Slots: 1, Running: 1, Waiting: 2, Refused: 1}
		if got := p.Load(); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		release()
		want = workers.Load{Slots: 1, Done: 3, Refused: 1, Waited: 2 * time.Second}
		if got := p.Load(); got != want {
			t.Errorf("afterwards %+v, want %+v", got, want)
		}
	})
}

func BenchmarkDo(b *testing.B) {
	p := newPool(b, workers.Limits{Workers: 1, Wait: time.Second})
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Do(ctx, workers.Job{}, func() {}); err != nil {
			b.Fatal(err)
		}
	}
}
