package operate

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// targetPatience is how long a pause continues while the target database neither answers nor
	// accepts rows. A busy server, such as one that checks the constraints of a million new rows, still
	// answers.
	targetPatience = 12 * time.Second
	// targetInterval is the time between two checks of the target, and askPatience the time for an
	// answer. Several checks, on new connections, fit into targetPatience.
	targetInterval, askPatience = time.Second, 3 * time.Second
)

// silentError says that a move was given up because the target database did not answer.
type silentError struct{ patience time.Duration }

func (e silentError) Error() string {
	return fmt.Sprintf("the target database has not answered for %v, so the move was given up: nothing was changed, and writes continue. "+
		"Run the command again when the database answers", e.patience)
}

// targetWatch checks during a pause whether the target database answers.
type targetWatch struct {
	progressed atomic.Int64 // when rows or a picture were copied last, in microseconds
}

// watchTarget returns a context for the work during a pause. The context ends with a [silentError] if
// the target database is silent for too long. The caller must call end.
func (m *move) watchTarget(parent context.Context) (_ context.Context, end func()) {
	ctx, cancel := context.WithCancelCause(parent)
	if m.filling == nil {
		return ctx, func() { cancel(nil) }
	}
	var watching sync.WaitGroup
	watching.Go(func() { m.watch.look(ctx, cancel, m.opt.patience(), m.filling.DB.Ping) })
	return ctx, func() { cancel(nil); watching.Wait() }
}

func (w *targetWatch) look(ctx context.Context, cancel context.CancelCauseFunc, patience time.Duration, ping func(context.Context) error) {
	tick := time.NewTicker(min(targetInterval, patience/4))
	defer tick.Stop()
	for answered := time.Now(); ; {
		asked, done := context.WithTimeout(ctx, min(askPatience, patience/4))
		err := ping(asked)
		done()
		switch last := time.UnixMicro(w.progressed.Load()); {
		case err == nil:
			answered = time.Now()
		case time.Since(answered) >= patience && time.Since(last) >= patience:
			cancel(silentError{patience})
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// note records that something was copied just now.
func (w *targetWatch) note() { w.progressed.Store(time.Now().UnixMicro()) }

// patience returns targetPatience, or the shorter time of a test.
func (o MoveOptions) patience() time.Duration {
	if o.targetPatience > 0 {
		return o.targetPatience
	}
	return targetPatience
}
