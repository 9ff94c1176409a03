package media_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/png"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

var flood = flag.Bool("flood", false, "run TestHeavyUploadStorm, which decodes for many seconds")

// An upload storm of one user leaves the others their turn: they wait for the pictures in
// work and for one of the storm's, not for all of it.
func TestUploadStorm(t *testing.T) {
	h := house.New(t, house.Options{Throttled: true})
	eve, _ := h.Register(t, "eve@example.com")
	ada, _ := h.Register(t, "ada@example.com")
	set := func(userID string, side int, ip string) error {
		_, err := h.Pictures.Set(t.Context(), userID, house.Upload(t, "a.png", side), guard.Client{IP: netip.MustParseAddr(ip)})
		return err
	}
	pool := h.Pictures.Decoding()
	slots := pool.Load().Slots
	house.Hold(t, pool, slots-1, 1) // one worker is left, so pictures are made one after another
	release := house.Hold(t, pool, 1, 1)
	var storm sync.WaitGroup
	var mu sync.Mutex
	made := 0 // of the storm
	const uploads = 20
	for i := range uploads {
		storm.Go(func() {
			if err := set(eve.ID, 100, fmt.Sprintf("2001:db8:1:%x::1", i)); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			made++
		})
	}
	house.AwaitWaiting(t, pool, uploads)
	done := make(chan int)
	go func() {
		if err := set(ada.ID, 100, "192.0.2.1"); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		done <- made
	}()
	house.AwaitWaiting(t, pool, uploads+1)
	release()
	if before := <-done; before > 5 { // the storm's may pass while the files of one are written
		t.Errorf("another user waited for %d of the storm's %d pictures", before, uploads)
	}
	storm.Wait()
}

// One user with a picture that takes the whole memory for decoding, again and again over one
// connection or eight, leaves 40 others on networks of their own their turn.
func TestHeavyUploadStorm(t *testing.T) {
	if !*flood {
		t.Skip("decodes for many seconds; make check runs it with -flood")
	}
	const victims = 40
	var heavy bytes.Buffer
	fast := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := fast.Encode(&heavy, image.NewNRGBA64(image.Rect(0, 0, 5500, 5500))); err != nil {
		t.Fatal(err)
	}
	small := house.PNG(t, 100)
	for _, connections := range []int{1, 8} {
		t.Run(fmt.Sprint(connections, " connections"), func(t *testing.T) {
			h := house.New(t, house.Options{Throttled: true})
			set := func(userID, ip string, data []byte) error {
				client := guard.Client{IP: netip.MustParseAddr(ip)}
				_, err := h.Pictures.Set(t.Context(), userID, media.Upload{Filename: "a.png", Data: data}, client)
				return err
			}
			eve, _ := h.Register(t, "eve@example.com")
			var ids []string
			for i := range victims {
				ada, _ := h.Register(t, fmt.Sprintf("ada%d@example.com", i))
				ids = append(ids, ada.ID)
			}
			var ended atomic.Bool
			var storm, users sync.WaitGroup
			for range connections {
				storm.Go(func() {
					for !ended.Load() {
						_ = set(eve.ID, "192.0.2.66", heavy.Bytes())
					}
				})
			}
			for h.Pictures.Load().Running == 0 {
				runtime.Gosched()
			}
			begun := time.Now()
			for i, id := range ids {
				users.Go(func() {
					if err := set(id, fmt.Sprintf("198.51.100.%d", i), small); err != nil {
						t.Errorf("a user is refused: %v", err)
					}
				})
			}
			users.Wait()
			ended.Store(true)
			t.Logf("%d users took %v", victims, time.Since(begun))
			h.Pictures.Close() // nobody waits for the rest of the storm
			storm.Wait()
		})
	}
}

// Broken pictures count like good ones, before they are decoded.
func TestBrokenPicturesCount(t *testing.T) {
	h := house.New(t, house.Options{Throttled: true})
	ada, _ := h.Register(t, "ada@example.com")
	bob, _ := h.Register(t, "bob@example.com")
	broken := media.Upload{Filename: "a.png", Data: []byte("no picture")}
	for range 5000 {
		if _, err := h.Pictures.Set(t.Context(), ada.ID, broken, guard.Client{}); !errors.Is(err, media.ErrInvalidFileType) {
			t.Fatal(err)
		}
	}
	_, err := h.Pictures.Set(t.Context(), ada.ID, broken, guard.Client{})
	if e, ok := errors.AsType[*guard.Error](err); !ok || e.Code != "too_many_changes" || e.RetryAfter <= 0 || e.RetryAfter > 15*time.Minute {
		t.Errorf("number 5,001: %v", err)
	}
	if _, err := h.Pictures.Set(t.Context(), bob.ID, house.Upload(t, "a.png", 50), guard.Client{}); err != nil {
		t.Errorf("another user: %v", err)
	}
	h.Clock.Advance(time.Hour)
	if _, err := h.Pictures.Set(t.Context(), ada.ID, house.Upload(t, "a.png", 50), guard.Client{}); err != nil {
		t.Errorf("an hour later: %v", err)
	}
}
