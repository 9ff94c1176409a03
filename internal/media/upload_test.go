package media_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/picture"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
	"github.com/cardea-accounts/cardea/internal/workers"
)

// wantStored fails unless the storage has so many files, and so many are to be removed.
func wantStored(t *testing.T, h *house.House, when string, files, orphans int) {
	t.Helper()
	if f, o := h.Files(t), h.Orphans(t); len(f) != files || len(o) != orphans {
		t.Errorf("%s: files %v, orphans %v; want %d and %d", when, f, o, files, orphans)
	}
}

func sweep(t *testing.T, h *house.House) {
	t.Helper()
	if err := h.Pictures.SweepOrphans(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Files have random keys, so no two uploads can disturb each other.
func TestFilesHaveRandomKeys(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, _ := h.Register(t, "ada@example.com")
	form, seen := regexp.MustCompile(`^[a-z2-7]{26}$`), map[string]bool{}
	for range 3 {
		for _, f := range h.SetPicture(t, ada.ID, house.LargeSide).Files() {
			if !form.MatchString(f.Key) || seen[f.Key] {
				t.Errorf("key %s (seen before: %v)", f.Key, seen[f.Key])
			}
			seen[f.Key] = true
		}
	}
	if len(seen) != 15 {
		t.Errorf("%d keys of 3 pictures with 4 crops each", len(seen))
	}
}

// An upload that the storage fails leaves the old picture as it was, and nothing else.
func TestFailedUploadChangesNothing(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, tok := h.Register(t, "ada@example.com")
	if _, err := h.Pictures.Set(t.Context(), ada.ID, house.Upload(t, "kept.png", 5), guard.Client{}); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		put  error
		code string
		kind guard.Kind
	}{
		"out of order": {errors.New("no such device"), "unavailable", guard.KindUnavailable},
		"full":         {blob.ErrFull, "storage_full", guard.KindFull},
	} {
		h.Storage.FailPut = c.put
		_, err := h.Pictures.Set(t.Context(), ada.ID, house.Upload(t, "new.png", 6), guard.Client{})
		if e, ok := errors.AsType[*guard.Error](err); !ok || e.Code != c.code || e.Kind != c.kind || strings.Contains(e.Message, "device") {
			t.Errorf("storage %s: %#v", what, err)
		}
		if s, err := h.Sessions.Find(t.Context(), tok); err != nil || s.User.Picture == nil || s.User.Picture.Name != "kept.png" {
			t.Errorf("storage %s: afterwards %+v, %v", what, s.User, err)
		}
		wantStored(t, h, "storage "+what, 1, 0)
	}
}

// interrupt starts an upload and ends it as a crash would: the file is written, and no
// row names it.
func interrupt(t *testing.T, h *house.House, userID string) {
	t.Helper()
	h.Storage.AfterPut = func() { panic("crash") }
	defer func() {
		h.Storage.AfterPut = nil
		if recover() == nil {
			t.Fatal("no crash")
		}
	}()
	_, _ = h.Pictures.Set(t.Context(), userID, house.Upload(t, "a.png", 5), guard.Client{})
}

// A process that died between writing a file and naming it leaves an orphan. The next
// start removes it, a running process after an hour.
func TestInterruptedUploadIsSwept(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, _ := h.Register(t, "ada@example.com")
	interrupt(t, h, ada.ID)
	sweep(t, h)
	wantStored(t, h, "an upload that may be running", 1, 1)
	if err := h.Pictures.ForgetInterrupted(t.Context()); err != nil {
		t.Fatal(err)
	}
	sweep(t, h)
	h.Clock.Advance(media.LateGrace) // of a bucket
	sweep(t, h)
	wantStored(t, h, "after the next start", 0, 0)

	interrupt(t, h, ada.ID)
	h.Clock.Advance(media.OrphanGrace)
	sweep(t, h)
	wantStored(t, h, "after an hour", 0, 0)
}

// An upload that took so long that its file may be swept is refused.
func TestSweptFileIsNotNamed(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, tok := h.Register(t, "ada@example.com")
	h.Storage.AfterPut = func() { h.Clock.Advance(media.OrphanGrace) }
	_, err := h.Pictures.Set(t.Context(), ada.ID, house.Upload(t, "a.png", 5), guard.Client{})
	if e, ok := errors.AsType[*guard.Error](err); !ok || e.Kind != guard.KindUnavailable || !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("error %v", err)
	}
	h.Clock.Set(house.Start) // the session is still live
	if s, err := h.Sessions.Find(t.Context(), tok); err != nil || s.User.Picture != nil {
		t.Errorf("afterwards: %+v, %v", s.User, err)
	}
	wantStored(t, h, "afterwards", 0, 0)
}

// A user who is deleted during the upload gets user_not_found.
func TestUploadOfDeletedUser(t *testing.T) {
	h := house.New(t, house.Options{})
	if _, err := h.Pictures.Set(t.Context(), "nobody", house.Upload(t, "a.png", 5), guard.Client{}); !errors.Is(err, guard.ErrUserNotFound) {
		t.Errorf("error %v, want user_not_found", err)
	}
	wantStored(t, h, "afterwards", 0, 0)
}

// A picture waits until there is memory to decode it, although a worker is free. A
// lighter job that came later does not overtake it.
func TestPictureWaitsForMemory(t *testing.T) {
	h := house.New(t, house.Options{})
	ada, _ := h.Register(t, "ada@example.com")
	decoding := h.Pictures.Decoding()
	release := house.Hold(t, decoding, 1, picture.DefaultMaxMemory/2-1)
	done := make(chan error)
	go func() {
		_, err := h.Pictures.Set(t.Context(), ada.ID, house.Upload(t, "a.png", 5), guard.Client{})
		done <- err
	}()
	house.AwaitWaiting(t, decoding, 1)
	go func() { done <- decoding.Do(t.Context(), workers.Job{}, func() {}) }()
	house.AwaitWaiting(t, decoding, 2)
	release()
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
