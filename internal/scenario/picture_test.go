package scenario

import (
	"fmt"
	"image"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

func TestPictureIsServedSafely(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	address := client.Upload("me.png", testkit.PNG(64, 64)).PicturePath()
	user := client.User()
	if user.Picture == nil || *user.Picture != server.URL+address {
		t.Errorf("user's picture %v, want %s", user.Picture, server.URL+address)
	}
	visitor := server.NewClient(t)
	a := visitor.Get(address).Want(http.StatusOK)
	a.WantHeaders(map[string]string{
		"Content-Type":                 "image/png",
		"X-Content-Type-Options":       "nosniff",
		"Content-Security-Policy":      "default-src 'none'; sandbox; frame-ancestors 'none'",
		"Cross-Origin-Resource-Policy": "cross-origin",
		"Cache-Control":                "public, no-cache",
		"Content-Disposition":          `inline; filename="me.png"`,
	})
	tag := a.Header.Get("ETag")
	visitor.Header.Set("If-None-Match", tag)
	visitor.Get(address).Want(http.StatusNotModified)
	visitor.Header = http.Header{"Range": {"bytes=0-3"}}
	visitor.Get(address).Want(http.StatusPartialContent).WantBody("\x89PNG")
	visitor.Header = http.Header{"Range": {"bytes=1000000-"}}
	visitor.Get(address).Want(http.StatusRequestedRangeNotSatisfiable)
	visitor.Header = http.Header{"If-Match": {`"another"`}}
	visitor.Get(address).Want(http.StatusPreconditionFailed)
	visitor.Header = http.Header{}
	if head := visitor.Send("HEAD", address, "", nil).Want(http.StatusOK); len(head.Body) != 0 || head.Header.Get("Content-Length") == "" {
		t.Errorf("HEAD: %v", head.Header)
	}
	versioned := visitor.Get(address + "?v=" + strings.Trim(tag, `"`))
	if got := versioned.Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
		t.Errorf("versioned address: Cache-Control %q", got)
	}
	if got := visitor.Get(address + "?v=0").Header.Get("Cache-Control"); got != "public, no-cache" {
		t.Errorf("another version's address: Cache-Control %q", got)
	}
}

var sides = []int{64, 128, 256, 512} // of crops and default avatars

// Crops are served in every size. Their versioned addresses may be cached for ever.
func TestCropsOfEverySize(t *testing.T) {
	t.Parallel()
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	address := client.Upload("me.jpg", testkit.EncodeJPEG(testkit.Quadrants(1200, 800))).PicturePath()
	crops, visitor := client.Crops(), server.NewClient(t)
	if got := slices.Sorted(maps.Keys(crops)); !slices.Equal(got, sides) {
		t.Fatalf("crops of %v", got)
	}
	tags := map[string]bool{visitor.Get(address).Header.Get("ETag"): true}
	for side, crop := range crops {
		size := fmt.Sprintf("%s?size=%d", address, side)
		if !strings.HasPrefix(crop, size+"&v=") {
			t.Errorf("crop %d is at %s", side, crop)
		}
		m := visitor.Get(crop).Image()
		if m.Bounds() != image.Rect(0, 0, side, side) {
			t.Errorf("crop %d has %v", side, m.Bounds())
		}
		testkit.WantCorners(t, m, testkit.Red, testkit.Green, testkit.Blue, testkit.White)

		a := visitor.Get(crop)
		a.WantHeaders(map[string]string{
			"Content-Type":                 "image/jpeg",
			"Content-Length":               strconv.Itoa(len(a.Body)),
			"Last-Modified":                "Sun, 22 Nov 2026 15:04:05 GMT",
			"Cache-Control":                "public, max-age=31536000, immutable",
			"X-Content-Type-Options":       "nosniff",
			"Content-Security-Policy":      "default-src 'none'; sandbox; frame-ancestors 'none'",
			"Cross-Origin-Resource-Policy": "cross-origin",
			"Content-Disposition":          `inline; filename="me.jpg"`,
		})
		tag := a.Header.Get("ETag")
		if tags[tag] {
			t.Errorf("crop %d has the ETag of another file", side)
		}
		tags[tag] = true
		for _, other := range []string{size, size + "&v=0", size + "&v="} {
			if got := visitor.Get(other).Header.Get("Cache-Control"); got != "public, no-cache" {
				t.Errorf("%s: Cache-Control %q", other, got)
			}
		}
		head := visitor.Send("HEAD", crop, "", nil).Want(http.StatusOK)
		if len(head.Body) != 0 || head.Header.Get("Content-Length") != a.Header.Get("Content-Length") || head.Header.Get("ETag") != tag {
			t.Errorf("HEAD of crop %d: %v", side, head.Header)
		}
		asking := server.NewClient(t)
		asking.Header = http.Header{"If-None-Match": {tag}}
		asking.Get(crop).Want(http.StatusNotModified)
		asking.Header = http.Header{"Range": {"bytes=0-1"}}
		asking.Get(crop).Want(http.StatusPartialContent).WantBody("\xff\xd8")
		asking.Header = http.Header{"Range": {"bytes=1000000-"}}
		asking.Get(crop).Want(http.StatusRequestedRangeNotSatisfiable)
	}
	for _, size := range []string{"", "0", "63", "65", "1024", "-64", "064", "64.0", "64px", "all"} {
		visitor.Get(address+"?size="+size).WantError(http.StatusBadRequest, "malformed_request")
	}
	if whole := visitor.Get(address).Image(); whole.Bounds().Dx() != 1024 {
		t.Errorf("without a size it has %v", whole.Bounds())
	}
}

// Pictures uploaded within one second have different dates. Caches and resumed downloads
// rely on that.
func TestDatesOfPictures(t *testing.T) {
	server := testkit.Start(t) // its clock stands still
	ada := server.Register(t, "ada@example.com")
	seen := map[string]bool{}
	for range 3 {
		address := ada.Upload("me.png", testkit.EncodePNG(bands(100, testkit.Red, testkit.Green))).PicturePath()
		seen[ada.Get(address).Header.Get("Last-Modified")] = true
	}
	if len(seen) != 3 {
		t.Errorf("three pictures have the dates %v", seen)
	}
}

func TestUnknownPictureAddresses(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	address := client.Upload("a.png", testkit.PNG(10, 10)).PicturePath()
	id, _, _ := strings.Cut(strings.TrimPrefix(address, "/uploads/"), "_")
	for _, p := range []string{
		"/uploads", "/uploads/", "/uploads/none", "/uploads/_", "/uploads/" + id, "/uploads/" + id + "_", "/uploads/" + id + "_b.png",
		"/uploads/" + strings.ToUpper(id) + "_a.png", "/uploads/%2e%2e/cardea.db", "/uploads/..%2fcardea.db", "/uploads/..%2f..%2f..%2fetc%2fpasswd",
		"/uploads/%2e%2e%2fcardea.db", "/uploads/../cardea.db", "/uploads//" + id + "_a.png", "/uploads/./" + id + "_a.png",
		"/uploads/" + id + "_a.png/", "/uploads/" + id + "_a.png%00", "/uploads/%00", "/uploads/%ff%fe", "/uploads/..%5c..%5ccardea.db",
		"/uploads/x/../" + id + "_a.png",
	} {
		client.Get(p).WantError(http.StatusNotFound, client.Get(p).Envelope().Code)
	}
}
