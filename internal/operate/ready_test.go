package operate_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/operate"
	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

// A storage that does not answer, such as a server for files that is gone, does not hold
// the probe. While it hangs, nothing else looks at the storage, and callers learn so at once.
func TestReadinessDoesNotHang(t *testing.T) {
	testkit.Long(t)
	h := house.New(t, house.Options{})
	hanging := &hangingStore{Store: h.Storage.Store, until: make(chan struct{})}
	h.Storage.Store = hanging
	readiness := operate.NewReadiness(h.DB, h.Pictures)
	began := time.Now()
	for range 10 { // the first one waits
		failures := readiness.Failures()
		if took := time.Since(began); took > 10*time.Second || failures["storage"].Err == nil || failures["database"].Err != nil {
			t.Errorf("%v after %v", failures, took)
		}
	}
	if n := hanging.checks.Load(); n != 1 {
		t.Errorf("%d checks hang", n)
	}
	close(hanging.until)
	for recovered := time.Now(); len(readiness.Failures()) > 0; {
		if time.Since(recovered) > 10*time.Second {
			t.Fatal("it does not recover")
		}
	}
}

type hangingStore struct {
	blob.Store
	until  chan struct{}
	checks atomic.Int64
}

// Check hangs whatever its context says, as a system call does.
func (s *hangingStore) Check(context.Context) error {
	s.checks.Add(1)
	<-s.until
	return nil
}
