package operate_test

import (
	"context"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/operate"
	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

// A caller that left, or closed one direction of its connection, says nothing about the
// database.
func TestReadinessWithoutItsCaller(t *testing.T) {
	h := house.New(t, house.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if failures := operate.NewReadiness(h.DB, h.Pictures).Failures(ctx); len(failures) > 0 {
		t.Errorf("%v", failures)
	}
}

// A storage that does not answer, such as a server for files that is gone, does not hold
// the probe.
func TestReadinessDoesNotHang(t *testing.T) {
	testkit.Long(t)
	h := house.New(t, house.Options{})
	h.Storage.Store = hangingStore{h.Storage.Store, t.Context().Done()}
	began := time.Now()
	failures := operate.NewReadiness(h.DB, h.Pictures).Failures(t.Context())
	if took := time.Since(began); took > 5*time.Second || failures["storage"].Err == nil || failures["database"].Err != nil {
		t.Errorf("%v after %v", failures, took)
	}
}

type hangingStore struct {
	blob.Store
	until <-chan struct{}
}

// Check hangs whatever its context says, as a system call does.
func (s hangingStore) Check(context.Context) error { <-s.until; return nil }
