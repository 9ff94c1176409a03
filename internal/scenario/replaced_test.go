package scenario

import (
	"bytes"
	"image"
	"image/color"
	"net/http"
	"sync"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// While somebody replaces a picture over and over, from two devices at once, everybody
// sees one of the two, whole, in every size, and never one under the other's ETag.
func TestReplacingIsAllOrNothing(t *testing.T) {
	server := testkit.Start(t)
	ada := server.Register(t, "ada@example.com")
	pictures := [][]byte{encodedPNG(t, bands(600, red, green)), encodedPNG(t, bands(600, blue, white))}
	address := path(t, ada.Upload("me.png", pictures[1]))
	var ended sync.WaitGroup
	over := make(chan struct{})
	for _, size := range []string{"", "?size=64", "?size=512"} {
		visitor, known := server.NewClient(t), map[string][]byte{}
		ended.Go(func() {
			for {
				select {
				case <-over:
					if len(known) != 2 {
						t.Errorf("%q was seen in %d versions", size, len(known))
					}
					return
				default:
				}
				a := visitor.Get(address + size)
				if a.Status != http.StatusOK {
					t.Errorf("%q: %d %s", size, a.Status, a.Body)
					return
				}
				tag := a.Header.Get("ETag")
				if known[tag] == nil {
					known[tag] = a.Body
					wantBands(t, a.Body)
				}
				if !bytes.Equal(a.Body, known[tag]) {
					t.Errorf("%q: two contents have one ETag", size)
				}
			}
		})
	}
	var uploads sync.WaitGroup
	for _, p := range pictures {
		device := server.NewClient(t)
		device.Cookie = ada.Cookie
		uploads.Go(func() {
			for range 5 {
				if a := device.Upload("me.png", p); a.Status != http.StatusOK {
					t.Errorf("upload: %d %s", a.Status, a.Body)
				}
			}
		})
	}
	uploads.Wait()
	close(over)
	ended.Wait()
	if n := len(storedFiles(t, server)); n != 5 {
		t.Errorf("%d files are stored, want five", n)
	}
}

// bands is a square whose last rows have another colour.
func bands(side int, above, below color.RGBA) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			m.SetRGBA(x, y, above)
			if y >= side-side/8 {
				m.SetRGBA(x, y, below)
			}
		}
	}
	return m
}

// wantBands fails the test unless it is one of the two pictures to its end.
func wantBands(t *testing.T, data []byte) {
	t.Helper()
	m, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		t.Error(err)
		return
	}
	if color.RGBAModel.Convert(m.At(3, 3)) == red {
		wantCorners(t, m, red, red, green, green)
	} else {
		wantCorners(t, m, blue, blue, white, white)
	}
}

// Pictures that follow each other within a second are told apart by their dates as well,
// by which caches and downloads that are taken up again go.
func TestDatesOfPictures(t *testing.T) {
	server := testkit.Start(t) // whose clock stands still
	ada := server.Register(t, "ada@example.com")
	seen := map[string]bool{}
	for range 3 {
		address := path(t, ada.Upload("me.png", encodedPNG(t, bands(100, red, green))))
		seen[ada.Get(address).Header.Get("Last-Modified")] = true
	}
	if len(seen) != 3 {
		t.Errorf("three pictures have the dates %v", seen)
	}
}
