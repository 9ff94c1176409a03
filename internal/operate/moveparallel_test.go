package operate_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/operate"
	"github.com/cardea-accounts/cardea/internal/storage"
	"github.com/cardea-accounts/cardea/internal/testkit/s3"
)

// Copies of pictures that were replaced before the pause are removed several at a time, because users
// wait meanwhile.
func TestMoveRemovesInParallel(t *testing.T) {
	t.Parallel()
	bucket := s3.New(t)
	proxy := s3.NewProxy(t, bucket.Endpoint)
	to, err := storage.Fill(t.Context(), bucket.At(proxy.URL), "source")
	if err != nil {
		t.Fatal(err)
	}
	copied := map[string]bool{"kept": true}
	for n := range 16 {
		copied[fmt.Sprintf("replaced%d", n)] = false
	}
	for key := range copied {
		if err := to.Put(t.Context(), key, nil); err != nil {
			t.Fatal(err)
		}
	}
	var waiting atomic.Int64
	together := make(chan struct{})
	proxy.FailIf(func(r *http.Request) s3.Fault {
		if r.Method != http.MethodDelete {
			return s3.None
		}
		if waiting.Add(1) == 8 {
			close(together)
		}
		return s3.Stall
	})
	go func() {
		select {
		case <-together:
		case <-time.After(5 * time.Second):
			t.Error("they are removed one after the other")
		}
		proxy.Fail(s3.None)
	}()
	left, err := operate.RemoveOthers(t.Context(), to, copied)
	if err != nil || left != 1 {
		t.Errorf("%d left, %v", left, err)
	}
	for key, isKept := range copied {
		if _, err := to.ModTime(t.Context(), key); (err == nil) != isKept {
			t.Errorf("%s: %v", key, err)
		}
	}
}
