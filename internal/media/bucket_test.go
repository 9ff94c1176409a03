package media_test

import (
	"errors"
	"net/http"
	"slices"
	"testing"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
	"github.com/cardea-accounts/cardea/internal/testkit/s3"
)

// keysIn lists the keys in a storage.
func keysIn(t *testing.T, files blob.Store) (keys []string) {
	t.Helper()
	if err := files.List(t.Context(), func(item blob.Item) error { keys = append(keys, item.Key); return item.Err }); err != nil {
		t.Fatal(err)
	}
	return keys
}

// A server of pictures that stores an upload and does not say so: no row names what it has, and
// the sweep removes it, but not before the server must have done what it was told.
func TestUploadsThatAreNotAcknowledged(t *testing.T) {
	t.Parallel()
	bucket := s3.New(t)
	proxy := s3.NewProxy(t, bucket.Endpoint)
	h := house.New(t, house.Options{Pictures: bucket.At(proxy.URL)})
	ada, _ := h.Register(t, "ada@example.com")
	before := h.SetPicture(t, ada.ID, 10)
	proxy.FailIf(func(r *http.Request) s3.Fault {
		if r.Method == http.MethodPut {
			return s3.LoseAnswer
		}
		return s3.None
	})
	if _, err := h.Pictures.Set(t.Context(), ada.ID, house.Upload(t, "b.png", 20), guard.Client{}); !isUnavailable(err) {
		t.Errorf("%v", err)
	}
	if row := h.Picture(t, ada.ID); row.Key != before.Key {
		t.Errorf("%+v, before %+v", row, before)
	}
	if keys := keysIn(t, h.Storage); len(keys) != 2 || len(h.Orphans(t)) == 0 {
		t.Errorf("stored %q, of which %q are to be removed", keys, h.Orphans(t))
	}
	proxy.Fail(s3.None)
	if err := h.Sweep(t.Context()); err != nil || len(h.Orphans(t)) == 0 {
		t.Errorf("too early: %q, %v", h.Orphans(t), err)
	}
	h.Clock.Advance(media.OrphanGrace)
	if err := h.Sweep(t.Context()); err != nil {
		t.Error(err)
	}
	if keys := keysIn(t, h.Storage); !slices.Equal(keys, []string{before.Key}) || len(h.Orphans(t)) != 0 {
		t.Errorf("stored %q, to be removed %q", keys, h.Orphans(t))
	}
}

// A bucket that is still storing a picture when the server starts again gets a minute for it. The
// picture, which nobody has, does not stay.
func TestUploadsThatAreStoredLate(t *testing.T) {
	t.Parallel()
	h := house.New(t, house.Options{Pictures: s3.New(t).Storage()})
	ada, _ := h.Register(t, "ada@example.com")
	interrupt(t, h, ada.ID)
	key := h.Orphans(t)[0]
	if err := h.Storage.Delete(t.Context(), key); err != nil { // it is not stored yet
		t.Fatal(err)
	}
	if err := h.Pictures.ForgetInterrupted(t.Context()); err != nil {
		t.Fatal(err)
	}
	sweep(t, h)
	if err := h.Storage.Put(t.Context(), key, []byte("late")); err != nil {
		t.Fatal(err)
	}
	h.Clock.Advance(media.LateGrace)
	sweep(t, h)
	if keys := keysIn(t, h.Storage); len(keys) != 0 || len(h.Orphans(t)) != 0 {
		t.Errorf("stored %q, to be removed %q", keys, h.Orphans(t))
	}
}

// Uploads one after the other do not list the bucket each time, because that costs money.
func TestUploadsSeldomList(t *testing.T) {
	t.Parallel()
	bucket := s3.New(t)
	proxy := s3.NewProxy(t, bucket.Endpoint)
	h := house.New(t, house.Options{Pictures: bucket.At(proxy.URL)})
	ada, _ := h.Register(t, "ada@example.com")
	lists := 0
	proxy.FailIf(func(r *http.Request) s3.Fault {
		if r.URL.Query().Has("list-type") {
			lists++
		}
		return s3.None
	})
	for range 4 {
		h.SetPicture(t, ada.ID, 10)
	}
	if lists != 2 { // for the first, when the bucket is empty, and for the second
		t.Errorf("%d lists for 4 uploads", lists)
	}
}

// A picture that is missing is our fault only if its server says so. A bucket that is missing, or
// a server that fails, is an outage.
func TestMissingBucketIsAnOutage(t *testing.T) {
	t.Parallel()
	bucket := s3.New(t)
	proxy := s3.NewProxy(t, bucket.Endpoint)
	h := house.New(t, house.Options{Pictures: bucket.At(proxy.URL)})
	ada, _ := h.Register(t, "ada@example.com")
	h.SetPicture(t, ada.ID, 10)
	bucket.Remove(t)
	for what, f := range map[string]func() error{
		"open": func() error { _, err := h.Pictures.Open(t.Context(), ada.ID, "a.png", 0); return err },
		"set": func() error {
			_, err := h.Pictures.Set(t.Context(), ada.ID, house.Upload(t, "b.png", 20), guard.Client{})
			return err
		},
		"sweep": func() error { return h.Pictures.SweepCrops(t.Context()) },
	} {
		if err := f(); what != "sweep" && !isUnavailable(err) || errors.Is(err, store.ErrNotFound) || errors.Is(err, media.ErrPictureNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := h.Pictures.Check(t.Context()); err == nil {
		t.Error("ready")
	}
}
