package operate

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/store"
)

// Readiness finds out whether a server can use its database and its picture storage. Many callers at
// once cost no more than one, and neither do callers while a probe hangs.
type Readiness struct {
	parts map[string]*probe // by name
}

// NewReadiness returns the readiness of a database and the pictures.
func NewReadiness(db *store.DB, pictures *media.Pictures) Readiness {
	return Readiness{map[string]*probe{"database": {look: db.Ping}, "storage": {look: pictures.Check}}}
}

// Failures is [Readiness.Failures] of an open data folder.
func (d *Data) Failures() map[string]Failure { return NewReadiness(d.db, d.pictures).Failures() }

// Failure is why a part cannot be used.
type Failure struct {
	What string // a few words without anything secret
	Err  error
}

// Failures returns what cannot be used, by the name of the part: database, storage. It is
// empty if all is well. It takes at most probePatience and hangPatience, also if the caller has left:
// that says nothing about the parts.
func (r Readiness) Failures() map[string]Failure {
	found := map[string]*finding{}
	for part, probe := range r.parts {
		found[part] = probe.join()
	}
	failures := map[string]Failure{}
	for part, f := range found {
		<-f.done
		if f.err != nil {
			failures[part] = Failure{inFewWords(f.err), f.err}
		}
	}
	return failures
}

const (
	// probePatience bounds a probe.
	probePatience = 4 * time.Second
	// hangPatience is how much later a probe is left to itself. A file system that does not answer may
	// hold a call for ever, whatever its context says.
	hangPatience = 500 * time.Millisecond
)

// probe looks whether a part works. It looks once at a time.
type probe struct {
	look func(context.Context) error

	mu      sync.Mutex
	running *finding // nil: no look is running
}

// finding is what a look has found. done is closed when the look has ended or hangs.
type finding struct {
	done chan struct{}
	err  error // nil: it works
}

// join returns what the look finds that is running, or a new one.
func (p *probe) join() *finding {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running == nil {
		p.running = &finding{done: make(chan struct{})}
		go p.run(p.running)
	}
	return p.running
}

func (p *probe) run(f *finding) {
	ctx, cancel := context.WithTimeout(context.Background(), probePatience)
	defer cancel()
	hangs := time.NewTimer(probePatience + hangPatience)
	defer hangs.Stop()
	looked := make(chan error, 1) // a look that hangs may end later
	go func() {
		err := p.look(ctx)
		p.mu.Lock()
		p.running = nil
		p.mu.Unlock()
		looked <- err
	}()
	select {
	case f.err = <-looked:
	case <-hangs.C:
		f.err = ctx.Err()
	}
	close(f.done)
}

// brief is an error that an operator must correct. It says in a few words what is wrong.
type brief interface {
	error
	Brief() string // nothing secret; may be empty
}

func inFewWords(err error) string {
	if known, ok := errors.AsType[brief](err); ok && known.Brief() != "" {
		return known.Brief()
	}
	switch {
	case errors.Is(err, store.ErrDamaged):
		return "is damaged"
	case errors.Is(err, media.ErrStorageGone):
		return "is missing or empty"
	case errors.Is(err, store.ErrInUse):
		return "is served by another server"
	case errors.Is(err, store.ErrGone):
		return "was removed or replaced"
	case errors.Is(err, store.ErrFull), errors.Is(err, blob.ErrFull):
		return "has no space left"
	case errors.Is(err, store.ErrUnwritable):
		return "cannot be written"
	}
	return "does not answer"
}
