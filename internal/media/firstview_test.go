package media_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
	"github.com/cardea-accounts/cardea/internal/testkit/s3"
)

// noise is a picture that cannot be compressed, so it is stored as a large file.
func noise(t *testing.T, side int) media.Upload {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	img := image.NewNRGBA(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			bits := random.Uint32()
			img.SetNRGBA(x, y, color.NRGBA{R: uint8(bits), G: uint8(bits >> 8), B: uint8(bits >> 16), A: uint8(bits >> 24)})
		}
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return media.Upload{Filename: "a.png", Data: b.Bytes()}
}

// setNoise gives a user a large picture, and returns it as it is stored.
func setNoise(t *testing.T, h *house.House, userID string, side int) media.Stored {
	t.Helper()
	if _, err := h.Pictures.Set(t.Context(), userID, noise(t, side), guard.Client{}); err != nil {
		t.Fatal(err)
	}
	stored, err := h.Pictures.Read(t.Context(), h.Picture(t, userID))
	if err != nil || len(stored.Damaged) > 0 {
		t.Fatal(err, stored.Damaged)
	}
	return stored
}

// The first view of a picture compares it with its row, and loads it only once for that.
func TestFirstViewLoadsOnce(t *testing.T) {
	t.Parallel()
	bucket := s3.New(t)
	proxy := s3.NewProxy(t, bucket.Endpoint)
	h := house.New(t, house.Options{Pictures: bucket.At(proxy.URL)})
	ada, _ := h.Register(t, "ada@example.com")
	want := setNoise(t, h, ada.ID, 500).Files[0].Data
	for _, view := range []string{"first", "second"} {
		before := proxy.Bytes()
		p, err := h.Pictures.Open(t.Context(), ada.ID, "a.png", 0)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(p)
		// The proxy may count the end of an earlier answer late.
		if loaded := proxy.Bytes() - before; err != nil || !bytes.Equal(got, want) || loaded > int64(len(want))*5/4 {
			t.Errorf("%s view: %d of %d bytes, %v; %d loaded", view, len(got), len(want), err, loaded)
		}
		if err := p.Close(); err != nil || h.Pictures.Held() != 0 {
			t.Errorf("%v, %d bytes held", err, h.Pictures.Held())
		}
	}
}

// Clients that are slow at their first views hold a limited amount of memory together.
func TestFirstViewsHoldLittle(t *testing.T) {
	t.Parallel()
	h := house.New(t, house.Options{Pictures: s3.New(t).Storage()})
	const users = 8
	h.Crowd(t, users)
	stored := setNoise(t, h, "p0", 1024)
	data := stored.Files[0].Data
	if users*len(data) <= media.MostHeld {
		t.Fatalf("%d bytes are too few for this test", len(data))
	}
	ids := []string{"p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7"}
	for _, id := range ids[1:] {
		row := store.Picture{UserID: id, Name: "a.png", UpdatedAt: stored.UpdatedAt}
		if err := h.Pictures.Bring(t.Context(), media.Exported{Picture: row, Data: data}); err != nil {
			t.Fatal(err)
		}
	}
	var all []*media.Open
	for _, id := range ids {
		p, err := h.Pictures.Open(t.Context(), id, "a.png", 0)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if held := h.Pictures.Held(); held == 0 || held > media.MostHeld {
		t.Errorf("%d bytes held", held)
	}
	for _, p := range all {
		if got, err := io.ReadAll(p); err != nil || !bytes.Equal(got, data) || p.Size() != int64(len(data)) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	if held := h.Pictures.Held(); held != 0 {
		t.Errorf("%d bytes still held", held)
	}
}
