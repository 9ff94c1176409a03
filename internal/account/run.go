package account

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
)

const (
	sweepInterval = 30 * time.Second
	sweepBatch    = 100 // rows a transaction: some milliseconds in which nobody else writes
)

// ForgetInterrupted makes what an earlier process left half-done ready for the
// sweep. To be called before the first request, and only when no other process
// uses this database.
func (s *Service) ForgetInterrupted(ctx context.Context) error {
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		_, err := tx.ExpireOrphans(ctx, s.opt.Now())
		return err
	})
}

// Run sweeps at once and then every half minute, watches for changes by other
// processes and writes down which sessions are in use, until ctx ends. Without it every
// session is looked up in the database, and its use written by who asks.
func (s *Service) Run(ctx context.Context) {
	var others sync.WaitGroup
	others.Go(func() { s.sessions.watch(ctx, s.opt.Now) })
	others.Go(func() { s.gatherUses(ctx) })
	defer others.Wait()
	tick := time.NewTicker(sweepInterval)
	defer tick.Stop()
	for {
		s.Sweep(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Sweep removes expired sessions, orphaned files, old tries and old events, and
// makes crops that are missing. What fails, or panics, is logged and left to the next
// sweep.
func (s *Service) Sweep(ctx context.Context) {
	s.sweeping.Lock()
	defer s.sweeping.Unlock()
	for what, sweep := range map[string]func(context.Context) error{
		"sessions": s.sweepSessions,
		"pictures": s.sweepOrphans,
		"crops":    s.sweepCrops,
		"tries":    s.sweepTries,
		"audit":    s.sweepAudit,
	} {
		level := slog.LevelWarn
		err := func() (err error) {
			defer func() {
				if v := recover(); v != nil {
					level, err = slog.LevelError, fmt.Errorf("panic: %v\n%s", v, debug.Stack())
				}
			}()
			return sweep(ctx)
		}()
		if err != nil && ctx.Err() == nil {
			s.sweepFailures.Add(1)
			s.opt.Log.Log(ctx, level, "sweep failed, will be tried again", "what", what, "error", err)
		}
	}
}
