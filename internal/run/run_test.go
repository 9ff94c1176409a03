package run_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cardea-accounts/cardea/internal/run"
)

// Time in the bubbles of package synctest is not real: an hour passes at once.

// runFor runs jobs for some time and returns the runner and what it logged.
func runFor(t *testing.T, d time.Duration, jobs ...run.Job) (*run.Runner, string) {
	t.Helper()
	var log bytes.Buffer
	r := run.New(slog.New(slog.NewTextHandler(&log, nil)), jobs...)
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	r.Run(ctx)
	return r, log.String()
}

func nothing(context.Context) error { return nil }

func TestJobsRunAtOnceAndAtTheirIntervals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var mu sync.Mutex
		began := map[string][]time.Duration{}
		job := func(name string, every, takes time.Duration) run.Job {
			return run.Job{Name: name, Every: every, Do: func(context.Context) error {
				mu.Lock()
				began[name] = append(began[name], time.Since(start))
				mu.Unlock()
				time.Sleep(takes)
				return nil
			}}
		}
		runFor(t, 65*time.Minute,
			job("often", 20*time.Minute, 0), job("hourly", time.Hour, time.Minute),
			job("slow", 15*time.Minute, 25*time.Minute)) // it does not catch up on all that it missed
		const m = time.Minute
		for name, want := range map[string][]time.Duration{
			"often": {0, 20 * m, 40 * m, 60 * m}, "hourly": {0, 60 * m}, "slow": {0, 25 * m, 50 * m},
		} {
			if !slices.Equal(began[name], want) {
				t.Errorf("%s ran at %v, want %v", name, began[name], want)
			}
		}
	})
}

func TestFailureIsCountedAndTheJobTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		r, log := runFor(t, 5*time.Minute-time.Second,
			run.Job{Name: "flaky", Every: time.Minute, Do: func(context.Context) error {
				if n++; n%2 == 1 {
					return errors.New("disk on fire")
				}
				return nil
			}},
			run.Job{Name: "fine", Every: time.Minute, Do: nothing})
		if f := r.Failures(); n != 5 || f["flaky"] != 3 || f["fine"] != 0 || len(f) != 2 {
			t.Errorf("%d runs, failures %v", n, f)
		}
		if strings.Count(log, "level=WARN") != 3 || strings.Count(log, "job=flaky") != 3 || !strings.Contains(log, "disk on fire") {
			t.Errorf("the log:\n%s", log)
		}
	})
}

// A panic ends neither the program, nor the job, nor the others. The log says where it was.
func TestPanicIsRecovered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, others := 0, 0
		r, log := runFor(t, 3*time.Minute-time.Second,
			run.Job{Name: "panics", Every: time.Minute, Do: func(context.Context) error {
				if n++; n == 1 {
					stumble()
				}
				return nil
			}},
			run.Job{Name: "other", Every: time.Minute, Do: func(context.Context) error { others++; return nil }})
		if n != 3 || others != 3 || r.Failures()["panics"] != 1 {
			t.Errorf("ran %d times, the other job %d times, failures %v", n, others, r.Failures())
		}
		if !strings.Contains(log, "level=ERROR") || !strings.Contains(log, "panic: oops") || !strings.Contains(log, "run_test.stumble") {
			t.Errorf("the log:\n%s", log)
		}
	})
}

func stumble() { panic("oops") }

// Stop is called once, after the last Do, with a context that is still good.
func TestStopComesLast(t *testing.T) {
	for what, d := range map[string]time.Duration{"between runs": 90 * time.Second, "during a run": 70 * time.Second, "before it began": 0} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var calls []string
				runFor(t, d, run.Job{
					Name: "job", Every: time.Minute,
					Do: func(context.Context) error {
						calls = append(calls, "do")
						time.Sleep(20 * time.Second)
						calls = append(calls, "done")
						return nil
					},
					Stop: func(ctx context.Context) error { calls = append(calls, "stop"); return ctx.Err() },
				})
				want := "do done do done stop"
				if d == 0 {
					want = "stop"
				}
				if got := strings.Join(calls, " "); got != want {
					t.Errorf("%s, want %s", got, want)
				}
			})
		})
	}
}

func TestFailureOfStopIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, log := runFor(t, time.Second, run.Job{
			Name: "job", Every: time.Minute, Do: nothing, Stop: func(context.Context) error { return errors.New("disk on fire") },
		})
		if r.Failures()["job"] != 1 || !strings.Contains(log, "disk on fire") {
			t.Errorf("failures %v, the log:\n%s", r.Failures(), log)
		}
	})
}

// A job that is interrupted by the end has not failed, unless it panics.
func TestInterruptedJobHasNotFailed(t *testing.T) {
	wait := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	synctest.Test(t, func(t *testing.T) {
		r, log := runFor(t, time.Second,
			run.Job{Name: "interrupted", Every: time.Minute, Do: wait},
			run.Job{Name: "panics", Every: time.Minute, Do: func(ctx context.Context) error { _ = wait(ctx); panic("oops") }})
		if f := r.Failures(); f["interrupted"] != 0 || f["panics"] != 1 {
			t.Errorf("failures %v", f)
		}
		if strings.Contains(log, "interrupted") || !strings.Contains(log, "oops") {
			t.Errorf("the log:\n%s", log)
		}
	})
}

// Whoever asks for it, the same job never runs twice at a time. Different jobs do.
func TestSameJobNeverRunsTwiceAtATime(t *testing.T) {
	began, end := make(chan string, 10), make(chan bool)
	job := func(name string) run.Job {
		return run.Job{Name: name, Every: time.Hour, Do: func(context.Context) error { began <- name; <-end; return nil }}
	}
	r := run.New(slog.New(slog.DiscardHandler), job("one"), job("two"))
	ctx, cancel := context.WithCancel(t.Context())
	var runner, asked sync.WaitGroup
	runner.Go(func() { r.Run(ctx) })
	if first, second := <-began, <-began; first == second {
		t.Errorf("%s runs twice", first)
	}
	for range 3 {
		asked.Go(func() { r.Once(ctx) })
	}
	for range 1000 {
		runtime.Gosched()
	}
	if len(began) > 0 {
		t.Errorf("%s runs twice", <-began)
	}
	close(end)
	asked.Wait()
	if len(began) != 3*2 {
		t.Errorf("after that, %d of 6 runs began", len(began))
	}
	cancel()
	runner.Wait()
}

func TestOnceRunsJobsInOrder(t *testing.T) {
	var ran []string
	job := func(name string) run.Job {
		return run.Job{Name: name, Every: time.Hour, Do: func(context.Context) error { ran = append(ran, name); return errors.New("failed") }}
	}
	r := run.New(slog.New(slog.DiscardHandler), job("a"), job("b"), job("c"))
	r.Once(t.Context())
	if !slices.Equal(ran, []string{"a", "b", "c"}) || r.Failures()["c"] != 1 {
		t.Errorf("ran %v, failures %v", ran, r.Failures())
	}
}
