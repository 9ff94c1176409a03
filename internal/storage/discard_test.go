package storage_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/storage"
	"github.com/cardea-accounts/cardea/internal/testkit/s3"
)

// A restore may fail when its storage is finished already. Discard removes the pictures then, too.
func TestDiscardAfterFinish(t *testing.T) {
	onBoth(t, func(t *testing.T, place string) {
		f := fill(t, place)
		put(t, f, "abcd", "zzzz")
		if err := errors.Join(f.Finish(t.Context()), f.Discard(t.Context())); err != nil {
			t.Error(err)
		}
		wantFiles(t, f)
	})
}

// The same holds if Finish failed after it had removed the mark. While Discard removes pictures, the
// storage is marked again, so the next Fill continues if it is cut off.
func TestDiscardAfterHalfAFinish(t *testing.T) {
	t.Parallel()
	bucket := s3.New(t)
	proxy := s3.NewProxy(t, bucket.Endpoint)
	place := bucket.At(proxy.URL)
	refuseDelete := func(of string) {
		proxy.FailIf(func(r *http.Request) s3.Fault {
			if r.Method == http.MethodDelete && strings.HasSuffix(r.URL.Path, of) {
				return s3.Full
			}
			return s3.None
		})
	}
	f := fill(t, place)
	put(t, f, "abcd", "zzzz")
	refuseDelete("cardearun")
	if err := f.Finish(t.Context()); !errors.Is(err, blob.ErrFull) {
		t.Errorf("Finish: %v", err)
	}
	refuseDelete("zzzz")
	if err := f.Discard(t.Context()); !errors.Is(err, blob.ErrFull) {
		t.Errorf("Discard: %v", err)
	}
	if _, err := storage.Fill(t.Context(), place, "another"); !errors.Is(err, storage.ErrFilling) {
		t.Errorf("it is not marked: %v", err)
	}
	proxy.Fail(s3.None)
	wantFiles(t, f, "zzzz", "cardeamove", "cardearun")
	if err := f.Discard(t.Context()); err != nil {
		t.Error(err)
	}
	wantFiles(t, f)
}
