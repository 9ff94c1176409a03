package operate_test

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cardea-accounts/cardea/internal/operate"
	"github.com/cardea-accounts/cardea/internal/testkit/s3"
)

// A bucket whose server refuses most calls for a while does not end a move: neither to the bucket nor
// from it. A second move removes what the first one left there, although the server is still busy.
func TestMoveWithFlakyBucket(t *testing.T) {
	t.Parallel()
	from, picture := stopped(t)
	bucket := s3.New(t)
	proxy := s3.NewProxy(t, bucket.Endpoint)
	// busy refuses calls with a method for objects of pictures: as many as four calls make with all attempts.
	busy := func(method string) {
		var calls atomic.Int64
		proxy.FailIf(func(r *http.Request) s3.Fault {
			if r.Method == method && strings.Contains(r.URL.Path, "/"+picture.Key[:2]+"/") && calls.Add(1) <= 12 {
				return s3.Busy
			}
			return s3.None
		})
	}
	there := bucket.At(proxy.URL)
	busy(http.MethodPut)
	ctx, interrupt := context.WithCancel(t.Context())
	if _, err := openPlace(t, from).Move(ctx, operate.MoveOptions{Storage: there, Copied: func(operate.Moved) { interrupt() }}); !errors.Is(err, context.Canceled) {
		t.Fatalf("to it, interrupted when all was copied: %v", err)
	}
	busy(http.MethodDelete)
	moved, err := openPlace(t, from).Move(t.Context(), operate.MoveOptions{Storage: there})
	if err != nil || moved.Files != int64(len(picture.Files())) {
		t.Fatalf("to it again: %+v, %v", moved, err)
	}
	from.Pictures = there
	busy(http.MethodGet)
	if moved, err = openPlace(t, from).Move(t.Context(), operate.MoveOptions{Storage: filepath.Join(t.TempDir(), "back")}); err != nil {
		t.Errorf("from it: %v", err)
	}
}
