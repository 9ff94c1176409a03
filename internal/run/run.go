// Package run runs background jobs: each by its name, at its interval, until it is told
// to stop. A job that fails or panics is logged, counted and tried again.
package run

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// Job is work that is repeated in the background.
type Job struct {
	Name  string
	Every time.Duration
	Do    func(context.Context) error
	// Stop, if any, is called once after the last Do, with a context that is not canceled.
	Stop func(context.Context) error
}

// Runner runs jobs. Its methods may be called from any goroutine.
type Runner struct {
	log  *slog.Logger
	jobs []*job
}

type job struct {
	Job
	running  sync.Mutex
	failures atomic.Int64
}

// New returns a runner of jobs.
func New(log *slog.Logger, jobs ...Job) *Runner {
	r := &Runner{log: log}
	for _, j := range jobs {
		r.jobs = append(r.jobs, &job{Job: j})
	}
	return r
}

// Run does every job at once and then at its interval, each in a goroutine of its own,
// until ctx ends. It returns when all have stopped.
func (r *Runner) Run(ctx context.Context) {
	var jobs sync.WaitGroup
	for _, j := range r.jobs {
		jobs.Go(func() { r.repeat(ctx, j) })
	}
	jobs.Wait()
}

func (r *Runner) repeat(ctx context.Context, j *job) {
	tick := time.NewTicker(j.Every)
	defer tick.Stop()
	for ctx.Err() == nil {
		r.do(ctx, j, j.Do)
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	if j.Stop != nil {
		r.do(context.WithoutCancel(ctx), j, j.Stop)
	}
}

// Once does every job once, in order.
func (r *Runner) Once(ctx context.Context) {
	for _, j := range r.jobs {
		r.do(ctx, j, j.Do)
	}
}

// do calls f, but never twice at a time for the same job. A failure counts, unless the
// end of ctx interrupted f.
func (r *Runner) do(ctx context.Context, j *job, f func(context.Context) error) {
	j.running.Lock()
	defer j.running.Unlock()
	panicked, err := call(ctx, f)
	if err == nil || ctx.Err() != nil && !panicked {
		return
	}
	level := slog.LevelWarn
	if panicked {
		level = slog.LevelError
	}
	j.failures.Add(1)
	r.log.Log(ctx, level, "background job failed, will be tried again", "job", j.Name, "error", err)
}

// call calls f and turns a panic into an error.
func call(ctx context.Context, f func(context.Context) error) (panicked bool, err error) {
	defer func() {
		if v := recover(); v != nil {
			panicked, err = true, fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	return false, f(ctx)
}

// Failures returns how often each job has failed since the start, by its name.
func (r *Runner) Failures() map[string]int64 {
	failures := map[string]int64{}
	for _, j := range r.jobs {
		failures[j.Name] = j.failures.Load()
	}
	return failures
}
