package scenario

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

var sides = []int{64, 128, 256, 512}

// quadrants is a picture in four colours: red and green above, blue and white below.
func quadrants(width, height int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			at := 0
			if x >= width/2 {
				at++
			}
			if y >= height/2 {
				at += 2
			}
			m.SetRGBA(x, y, []color.RGBA{red, green, blue, white}[at])
		}
	}
	return m
}

var (
	red   = color.RGBA{200, 0, 0, 255}
	green = color.RGBA{0, 200, 0, 255}
	blue  = color.RGBA{0, 0, 200, 255}
	white = color.RGBA{250, 250, 250, 255}
)

func encodedPNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func encodedJPEG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// cropsOf are the addresses of a person's crops by side, behind the server's own.
func cropsOf(t *testing.T, c *testkit.Client) map[int]string {
	t.Helper()
	crops := map[int]string{}
	for side, address := range c.Get("/api/user").Want(http.StatusOK).Envelope().User.Crops {
		n, err := strconv.Atoi(side)
		if err != nil || !strings.HasPrefix(address, c.URL) {
			t.Errorf("%q: %q", side, address)
		}
		crops[n] = strings.TrimPrefix(address, c.URL)
	}
	return crops
}

// seen is the picture at an address, which has to be of the type that it says.
func seen(t *testing.T, c *testkit.Client, address string) image.Image {
	t.Helper()
	a := c.Get(address).Want(http.StatusOK)
	m, format, err := image.Decode(bytes.NewReader(a.Body))
	if err != nil || a.Header.Get("Content-Type") != "image/"+format {
		t.Fatalf("%s: %s, %v as %s", address, format, err, a.Header.Get("Content-Type"))
	}
	return m
}

// wantCorners fails the test unless the corners of a picture have these colours, row by row.
func wantCorners(t *testing.T, m image.Image, want ...color.RGBA) {
	t.Helper()
	r := m.Bounds()
	for i, p := range []image.Point{{3, 3}, {r.Dx() - 4, 3}, {3, r.Dy() - 4}, {r.Dx() - 4, r.Dy() - 4}} {
		got := color.RGBAModel.Convert(m.At(p.X, p.Y)).(color.RGBA) //nolint:forcetypeassert // the model's own
		for _, d := range []int{int(got.R) - int(want[i].R), int(got.G) - int(want[i].G), int(got.B) - int(want[i].B)} {
			if d < -30 || d > 30 {
				t.Errorf("the corner at %v is %v, want %v", p, got, want[i])
				break
			}
		}
	}
}

// A picture is served in every size, from addresses that say so and never change.
func TestCropsOfEverySize(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	address := path(t, client.Upload("me.jpg", encodedJPEG(t, quadrants(1200, 800))))
	crops, visitor := cropsOf(t, client), server.NewClient(t)
	if got := slices.Sorted(maps.Keys(crops)); !slices.Equal(got, sides) {
		t.Fatalf("crops of %v", got)
	}
	tags := map[string]bool{visitor.Get(address).Header.Get("ETag"): true}
	for side, crop := range crops {
		size := fmt.Sprintf("%s?size=%d", address, side)
		if !strings.HasPrefix(crop, size+"&v=") {
			t.Errorf("crop %d is at %s", side, crop)
		}
		m := seen(t, visitor, crop)
		if m.Bounds() != image.Rect(0, 0, side, side) {
			t.Errorf("crop %d has %v", side, m.Bounds())
		}
		wantCorners(t, m, red, green, blue, white)

		a := visitor.Get(crop)
		for name, want := range map[string]string{
			"Content-Type":                 "image/jpeg",
			"Content-Length":               strconv.Itoa(len(a.Body)),
			"Last-Modified":                "Sun, 22 Nov 2026 15:04:05 GMT",
			"Cache-Control":                "public, max-age=31536000, immutable",
			"X-Content-Type-Options":       "nosniff",
			"Content-Security-Policy":      "default-src 'none'; sandbox; frame-ancestors 'none'",
			"Cross-Origin-Resource-Policy": "cross-origin",
			"Content-Disposition":          `inline; filename="me.jpg"`,
		} {
			if got := a.Header.Get(name); got != want {
				t.Errorf("crop %d: %s: %q, want %q", side, name, got, want)
			}
		}
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
	if whole := seen(t, visitor, address); whole.Bounds().Dx() != 1024 {
		t.Errorf("without a size it has %v", whole.Bounds())
	}
}

// grain is a picture that PNG makes nothing smaller of.
func grain(side int, opaque bool) image.Image {
	random := rand.New(rand.NewPCG(1, 2))
	m := image.NewNRGBA(image.Rect(0, 0, side, side))
	for i := range m.Pix {
		m.Pix[i] = uint8(random.Uint32())
		if i%4 == 3 && opaque {
			m.Pix[i] = 255
		}
	}
	return m
}

// A crop has the smaller type, unless the other one would lose something.
func TestTypesOfCrops(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	for what, c := range map[string]struct {
		picture      []byte
		master, crop string
	}{
		"a logo":           {encodedPNG(t, logo(512)), "image/png", "image/png"},
		"a drawing":        {pngOf(600, 600), "image/png", "image/png"},
		"a photo as PNG":   {encodedPNG(t, grain(600, true)), "image/png", "image/jpeg"},
		"transparent":      {encodedPNG(t, grain(600, false)), "image/png", "image/png"},
		"a photo":          {encodedJPEG(t, grain(600, true)), "image/jpeg", "image/jpeg"},
		"a drawing as JPG": {jpegOf(600, 600), "image/jpeg", "image/jpeg"},
	} {
		address := path(t, client.Upload("me.png", c.picture))
		if got := client.Get(address).Header.Get("Content-Type"); got != c.master {
			t.Errorf("%s is %s", what, got)
		}
		for side, crop := range cropsOf(t, client) {
			if got := client.Get(crop).Header.Get("Content-Type"); got != c.crop {
				t.Errorf("%s: crop %d is %s", what, side, got)
			}
			seen(t, client, crop)
		}
	}
}

// logo is flat dots on white. Made small, a PNG of it is larger than a JPEG, but not by
// much.
func logo(side int) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, side, side))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	r := rand.New(rand.NewPCG(1, 2))
	for range 40 {
		c := []color.NRGBA{{200, 16, 46, 255}, {0, 80, 160, 255}, {0, 150, 70, 255}}[r.IntN(3)]
		at, radius := image.Pt(r.IntN(side), r.IntN(side)), 10+r.IntN(30)
		for y := -radius; y <= radius; y++ {
			for x := -radius; x <= radius; x++ {
				if x*x+y*y < radius*radius {
					img.SetNRGBA(at.X+x, at.Y+y, c)
				}
			}
		}
	}
	return img
}

// What is small is not enlarged, and kept once.
func TestSmallPicturesAreNotEnlarged(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	client.Upload("me.png", encodedPNG(t, quadrants(150, 100))).Want(http.StatusOK)
	for side, crop := range cropsOf(t, client) {
		if got := seen(t, client, crop).Bounds().Dx(); got != min(side, 100) {
			t.Errorf("crop %d has %d", side, got)
		}
	}
	if n := len(storedFiles(t, server)); n != 3 {
		t.Errorf("%d files, want the picture, a crop of 64 and one of 100", n)
	}
}

// rotated is a JPEG with an orientation, in which a place and a camera stand as well.
func rotated(t testing.TB, m image.Image, orientation uint16) []byte {
	t.Helper()
	tiff := binary.BigEndian.AppendUint16([]byte("MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01"), orientation)
	tiff = append(tiff, "\x00\x00\x00\x00\x00\x00GPS 51.4778N 0.0014W, a secret camera"...)
	exif := append([]byte("Exif\x00\x00"), tiff...)
	segment := append(binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(exif)+2)), exif...)
	comment := "\xff\xfe\x00\x16a secret comment too"
	data := encodedJPEG(t, m)
	return slices.Concat(data[:2], segment, []byte(comment), data[2:], []byte("a secret behind the end"))
}

// No file says where a picture was taken, nor anything else but what it shows, upright.
func TestNoMetadataInAnySize(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	address := path(t, client.Upload("me.jpg", rotated(t, quadrants(1200, 800), 6))) // lies on its left side
	addresses := append(slices.Collect(maps.Values(cropsOf(t, client))), address)
	if len(addresses) != 5 {
		t.Fatalf("addresses %v", addresses)
	}
	for _, address := range addresses {
		body := client.Get(address).Want(http.StatusOK).Body
		for _, word := range []string{"Exif", "GPS", "secret", "51.4778"} {
			if bytes.Contains(body, []byte(word)) {
				t.Errorf("%s contains %q", address, word)
			}
		}
		wantCorners(t, seen(t, client, address), blue, red, white, green)
	}
}

// Crops go with their picture: from view at once, and from storage.
func TestCropsGoWithTheirPicture(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	picture := encodedJPEG(t, quadrants(600, 600))
	upload := func(name string) string {
		t.Helper()
		client.Upload(name, picture).Want(http.StatusOK)
		if n := len(storedFiles(t, server)); n != 5 {
			t.Errorf("with %s, %d files are stored", name, n)
		}
		return cropsOf(t, client)[256]
	}
	gone := func(what, address string) {
		t.Helper()
		server.NewClient(t).Get(address).WantError(http.StatusNotFound, "picture_not_found")
		if len(cropsOf(t, client)) != 0 && what != "replaced" {
			t.Errorf("%s, but the person has crops", what)
		}
	}
	first := upload("a.jpg")
	second := upload("b.jpg")
	gone("replaced", first)
	client.Delete("/api/upload-picture").Want(http.StatusOK)
	gone("removed", second)
	third := upload("c.jpg")

	admin, err := cardea.Open(cardea.Config{Data: server.Data})
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close() //nolint:errcheck // the test is over
	if _, err := admin.DeletePerson(t.Context(), "ada@example.com"); err != nil {
		t.Fatal(err)
	}
	server.NewClient(t).Get(third).WantError(http.StatusNotFound, "picture_not_found")
	if files := storedFiles(t, server); len(files) != 0 {
		t.Errorf("left in storage: %v", files)
	}
}

// stored counts what is in the picture storage.
func stored(t *testing.T, server *testkit.Server) (files int, bytes int64) {
	t.Helper()
	for _, name := range storedFiles(t, server) {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		files++
		bytes += info.Size()
	}
	return files, bytes
}

// A thousand uploads leave what one does.
func TestManyUploadsLeaveOne(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	pictures := [][]byte{encodedPNG(t, quadrants(80, 70)), encodedPNG(t, quadrants(70, 80))}
	client.Upload("me.png", pictures[1]).Want(http.StatusOK)
	files, size := stored(t, server)
	if files != 3 {
		t.Fatalf("%d files, want the picture, a crop of 64 and one of 70", files)
	}
	for i := range 1000 {
		client.Upload("me.png", pictures[i%2]).Want(http.StatusOK)
	}
	if n, bytes := stored(t, server); n != files || bytes != size {
		t.Errorf("%d files of %d bytes, before %d of %d", n, bytes, files, size)
	}
	folders, err := filepath.Glob(filepath.Join(server.Data, "pictures", "*", "*"))
	if err != nil || len(folders) != files {
		t.Errorf("%d files lie in the folders (%v)", len(folders), err)
	}
}
