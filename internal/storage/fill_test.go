package storage_test

import (
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/storage"
	"github.com/cardea-accounts/cardea/internal/testkit/s3"
)

// onBoth runs a test on an empty folder and on an empty bucket.
func onBoth(t *testing.T, test func(t *testing.T, place string)) {
	t.Helper()
	t.Parallel()
	t.Run("folder", func(t *testing.T) { t.Parallel(); test(t, filepath.Join(t.TempDir(), "pictures")) })
	t.Run("bucket", func(t *testing.T) { t.Parallel(); test(t, s3.New(t).Storage()) })
}

func fill(t *testing.T, place string) *storage.Filling {
	t.Helper()
	f, err := storage.Fill(t.Context(), place, "/data/cardea.db")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func put(t *testing.T, files blob.Store, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if err := files.Put(t.Context(), key, []byte("picture")); err != nil {
			t.Fatal(err)
		}
	}
}

// wantFiles fails unless a storage has these files.
func wantFiles(t *testing.T, files blob.Store, want ...string) {
	t.Helper()
	got := map[string]bool{}
	if err := files.List(t.Context(), func(i blob.Item) error { got[i.Key] = true; return i.Err }); err != nil && !errors.Is(err, blob.ErrNotFound) {
		t.Fatal(err)
	}
	for _, key := range want {
		if !got[key] {
			t.Errorf("%s is missing", key)
		}
	}
	if len(got) != len(want) {
		t.Errorf("files %v, want %q", got, want)
	}
}

// Two containers fill one storage from databases with the same name. The later one gets it, and the
// earlier one neither uses it nor removes anything.
func TestFillTakenOver(t *testing.T) {
	onBoth(t, func(t *testing.T, place string) {
		production := fill(t, place)
		put(t, production, "abcd", "efgh")
		staging := fill(t, place)
		put(t, staging, "wxyz")
		for what, err := range map[string]error{
			"the check": production.CheckOwner(t.Context()),
			"Finish":    production.Finish(t.Context()),
			"Discard":   production.Discard(t.Context()),
		} {
			if !errors.Is(err, storage.ErrTaken) || !strings.Contains(err.Error(), storage.Name(place)) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if err := errors.Join(staging.CheckOwner(t.Context()), staging.Finish(t.Context())); err != nil {
			t.Error(err)
		}
		if err := production.Discard(t.Context()); !errors.Is(err, storage.ErrTaken) {
			t.Errorf("Discard, when the later one has finished: %v", err)
		}
		wantFiles(t, staging, "wxyz")
	})
}

// Of two processes that begin at the same moment, at most one uses the storage.
func TestFillTogether(t *testing.T) {
	onBoth(t, func(t *testing.T, place string) {
		for range 10 {
			var both sync.WaitGroup
			var fillings [2]*storage.Filling
			for i := range fillings {
				both.Go(func() { fillings[i], _ = storage.Fill(t.Context(), place, "/data/cardea.db") })
			}
			both.Wait()
			owners := 0
			for _, f := range fillings {
				if f != nil && f.CheckOwner(t.Context()) == nil {
					owners++
				}
			}
			if owners > 1 {
				t.Errorf("%d use it", owners)
			}
			last := fill(t, place)
			if err := last.Discard(t.Context()); err != nil {
				t.Fatal(err)
			}
			wantFiles(t, last)
		}
	})
}

// A Fill that finds the mark of an earlier one, which then finishes, does not remove its files.
func TestFillOfFinished(t *testing.T) {
	t.Parallel()
	bucket := s3.New(t)
	first := fill(t, bucket.Storage())
	put(t, first, "abcd")
	proxy := s3.NewProxy(t, bucket.Endpoint)
	var once sync.Once
	proxy.FailIf(func(r *http.Request) s3.Fault {
		if r.Method == http.MethodDelete && strings.Contains(r.URL.Path, "cardearun") { // after it has read the mark
			once.Do(func() {
				if err := first.Finish(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		return s3.None
	})
	if _, err := storage.Fill(t.Context(), bucket.At(proxy.URL), "/data/cardea.db"); !errors.Is(err, storage.ErrTaken) {
		t.Errorf("%v", err)
	}
	if _, err := first.ModTime(t.Context(), "abcd"); err != nil {
		t.Errorf("the picture: %v", err)
	}
}

// Discard continues while a server is busy. If it is cut off, the mark is still there, so the next Fill
// removes the rest.
func TestDiscardCutOff(t *testing.T) {
	t.Parallel()
	bucket := s3.New(t)
	proxy := s3.NewProxy(t, bucket.Endpoint)
	place := bucket.At(proxy.URL)
	pictures := []string{"abcd", "cazz", "efgh", "zzzz"} // before and after the mark
	deletes := func(fault s3.Fault, most int64, of string) {
		var n atomic.Int64
		proxy.FailIf(func(r *http.Request) s3.Fault {
			if r.Method == http.MethodDelete && strings.HasSuffix(r.URL.Path, of) && n.Add(1) <= most {
				return fault
			}
			return s3.None
		})
	}
	f := fill(t, place)
	put(t, f, pictures...)
	deletes(s3.Full, 1, "zzzz")
	if err := f.Discard(t.Context()); !errors.Is(err, blob.ErrFull) {
		t.Errorf("%v", err)
	}
	if _, err := storage.Fill(t.Context(), place, "another"); !errors.Is(err, storage.ErrFilling) {
		t.Errorf("the mark is gone: %v", err)
	}
	f = fill(t, place)
	put(t, f, pictures...)
	deletes(s3.Busy, 12, "efgh") // four calls with all their attempts
	if err := f.Discard(t.Context()); err != nil {
		t.Errorf("a busy server: %v", err)
	}
	wantFiles(t, f)
}

// Finish does not give up while a server is busy.
func TestFinishPatiently(t *testing.T) {
	t.Parallel()
	bucket := s3.New(t)
	proxy := s3.NewProxy(t, bucket.Endpoint)
	f := fill(t, bucket.At(proxy.URL))
	put(t, f, "abcd")
	var calls atomic.Int64
	proxy.FailIf(func(r *http.Request) s3.Fault {
		if r.Method == http.MethodDelete && calls.Add(1) <= 8 {
			return s3.Busy
		}
		return s3.None
	})
	if err := f.Finish(t.Context()); err != nil {
		t.Error(err)
	}
	wantFiles(t, f, "abcd")
}
