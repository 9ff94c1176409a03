package scenario

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/draw"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// Uploads of every type are accepted. The stored name keeps letters, digits, ".", "_" and
// "-", and gets the extension of the stored type.
func TestPictureTypes(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	id := client.User().ID
	for _, c := range []struct {
		file    string
		data    []byte
		address string // after the id
		kind    string
		width   int
		height  int
	}{
		{"me.png", testkit.PNG(300, 200), "me.png", "image/png", 300, 200},
		{"me.PNG", testkit.PNG(1, 1), "me.PNG", "image/png", 1, 1},
		{"me.jpg", testkit.JPEG(2048, 1024), "me.jpg", "image/jpeg", 1024, 512},
		{"me.jpeg", testkit.JPEG(30, 20), "me.jpeg", "image/jpeg", 30, 20},
		{"me.gif", testkit.GIF(30, 20), "me.png", "image/png", 30, 20},
		{"me.jpg", testkit.PNG(30, 20), "me.png", "image/png", 30, 20}, // the content decides
		{"my best photo (1).png", testkit.PNG(9, 9), "my_best_photo_1.png", "image/png", 9, 9},
		{"../../etc/passwd.png", testkit.PNG(9, 9), "etc_passwd.png", "image/png", 9, 9},
		{"..\\x\u202e\t\u0085.png", testkit.PNG(9, 9), "x_.png", "image/png", 9, 9},
		{"été.png", testkit.PNG(9, 9), "ete.png", "image/png", 9, 9},
		{"名.png", testkit.PNG(9, 9), "picture.png", "image/png", 9, 9},
		{".png", testkit.PNG(9, 9), "picture.png", "image/png", 9, 9},
		{"blob", testkit.PNG(9, 9), "blob.png", "image/png", 9, 9}, // as browsers name the content of a canvas
		{"blob", testkit.JPEG(9, 9), "blob.jpg", "image/jpeg", 9, 9},
	} {
		address := client.Upload(c.file, c.data).PicturePath()
		if want := "/uploads/" + id + "_" + c.address; address != want {
			t.Errorf("%q is at %s, want %s", c.file, address, want)
		}
		a := server.NewClient(t).Get(address).Want(http.StatusOK)
		m, _, err := image.DecodeConfig(bytes.NewReader(a.Body))
		if err != nil || m.Width != c.width || m.Height != c.height || a.Header.Get("Content-Type") != c.kind {
			t.Errorf("%q came out as %s of %dx%d (%v)", c.file, a.Header.Get("Content-Type"), m.Width, m.Height, err)
		}
	}
	long := client.Upload(strings.Repeat("n", 300)+".png", testkit.PNG(9, 9)).PicturePath()
	if name := strings.TrimPrefix(long, "/uploads/"+id+"_"); len(name) != 100 || !strings.HasSuffix(name, "n.png") {
		t.Errorf("a long name became %q", name)
	}
}

// A refused upload leaves the picture before it in place.
func TestPictureRefusals(t *testing.T) {
	server := testkit.Start(t, func(c *cardea.Config) { c.UploadMaxBytes, c.UploadMaxPixels = 100_000, 1_000_000 })
	client := server.Register(t, "ada@example.com")
	kept := client.Upload("kept.png", testkit.PNG(10, 10)).PicturePath()
	for what, c := range map[string]struct {
		file   string
		data   []byte
		status int
		code   string
	}{
		"too many pixels":   {"a.png", testkit.PNG(1001, 1000), 400, "image_too_large"},
		"too many bytes":    {"a.png", append(testkit.PNG(9, 9), make([]byte, 100_000)...), 413, "file_too_large"},
		"empty":             {"a.png", nil, 400, "invalid_file_type"},
		"HTML":              {"a.png", []byte("<html><script>alert(1)</script>"), 400, "invalid_file_type"},
		"SVG":               {"a.png", []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), 400, "invalid_file_type"},
		"another extension": {"a.html", testkit.PNG(9, 9), 400, "invalid_file_type"},
		"NUL in the name":   {"a\x00.png", testkit.PNG(9, 9), 400, "malformed_request"},
		"cut short":         {"a.png", testkit.PNG(300, 300)[:60], 400, "damaged_file"},
	} {
		t.Run(what, func(t *testing.T) {
			client := client.With(t)
			client.Upload(c.file, c.data).WantError(c.status, c.code)
			client.Get(kept).Want(http.StatusOK)
		})
	}
	if n := len(server.StoredFiles(t)); n != 1 {
		t.Errorf("%d files are stored, want one", n)
	}
}

// A damaged picture is refused with its type, whatever its name says.
func TestDamagedPicture(t *testing.T) {
	client := testkit.Start(t).Register(t, "ada@example.com")
	answer := client.Upload("me.jpg", testkit.PNG(300, 300)[:60]).WantError(http.StatusBadRequest, "damaged_file")
	const want = "This file is a PNG picture, but it is damaged or of a rare kind: too little of the picture can be read. Send another, or save it anew."
	if got := answer.Envelope().Message; got != want {
		t.Errorf("message %q", got)
	}
	whole := testkit.PNG(300, 300)
	client.Upload("me.png", whole[:len(whole)-12]).Want(http.StatusOK) // without IEND
}

// Names that systems give to pictures are accepted. The stored name says what is stored.
func TestNamesOfPictures(t *testing.T) {
	client := testkit.Start(t).Register(t, "ada@example.com")
	for name, want := range map[string]string{
		"me.jfif": "_me.jpg", "me.JPE": "_me.jpg", "me.": "_me.jpg", "blob": "_blob.jpg", "me.JPEG": "_me.JPEG", "IMG 2024.12.01": "_IMG_2024.12.01.jpg",
	} {
		path := client.Upload(name, testkit.JPEG(9, 9)).PicturePath()
		if !strings.HasSuffix(path, want) {
			t.Errorf("%q is served as %s", name, path)
		}
	}
}

// A refusal says what is accepted and what the file seems to be.
func TestRefusalsOfFilesSayWhy(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	for _, c := range []struct{ file, data, says string }{
		{"IMG_0001.heic", "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "HEIC"},
		{"photo", "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "HEIC"},
		{"logo.png", `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>`, "SVG"},
		{"cv.pdf", "%PDF-1.7\n", "PDF"},
		{"me.bmp", string(testkit.PNG(9, 9)), "bmp"},
	} {
		refused := client.Upload(c.file, []byte(c.data)).WantError(http.StatusBadRequest, "invalid_file_type").Envelope()
		if why := refused.Errors["profile_pic"]; refused.Message != "Invalid file type" || !strings.Contains(why, "JPEG") || !strings.Contains(why, c.says) {
			t.Errorf("%s: %s", c.file, why)
		}
	}
}

// A crop has the type with the smaller file, if that loses nothing visible.
func TestTypesOfCrops(t *testing.T) {
	t.Parallel()
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	for what, c := range map[string]struct {
		picture      []byte
		master, crop string
	}{
		"a logo":           {testkit.EncodePNG(logo(512)), "image/png", "image/png"},
		"a drawing":        {testkit.PNG(600, 600), "image/png", "image/png"},
		"a photo as PNG":   {testkit.EncodePNG(testkit.Noise(600, true)), "image/png", "image/jpeg"},
		"transparent":      {testkit.EncodePNG(testkit.Noise(600, false)), "image/png", "image/png"},
		"a photo":          {testkit.EncodeJPEG(testkit.Noise(600, true)), "image/jpeg", "image/jpeg"},
		"a drawing as JPG": {testkit.JPEG(600, 600), "image/jpeg", "image/jpeg"},
	} {
		address := client.Upload("me.png", c.picture).PicturePath()
		if got := client.Get(address).Header.Get("Content-Type"); got != c.master {
			t.Errorf("%s is %s", what, got)
		}
		for side, crop := range client.Crops() {
			if got := client.Get(crop).Header.Get("Content-Type"); got != c.crop {
				t.Errorf("%s: crop %d is %s", what, side, got)
			}
			client.Get(crop).Image()
		}
	}
}

// logo is flat dots on white. In small sizes, its PNG is slightly larger than its JPEG.
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

// Small pictures are not enlarged. Crops with the same content are stored once.
func TestSmallPicturesAreNotEnlarged(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	client.Upload("me.png", testkit.EncodePNG(testkit.Quadrants(150, 100))).Want(http.StatusOK)
	for side, crop := range client.Crops() {
		if got := client.Get(crop).Image().Bounds().Dx(); got != min(side, 100) {
			t.Errorf("crop %d has %d", side, got)
		}
	}
	if n := len(server.StoredFiles(t)); n != 3 {
		t.Errorf("%d files, want the picture, a crop of 64 and one of 100", n)
	}
}

// The user can choose the square that the crops show.
func TestChosenCrop(t *testing.T) {
	t.Parallel()
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	picture := testkit.EncodePNG(testkit.Quadrants(400, 300))
	addresses := map[string]bool{}
	for crop, want := range map[string][]color.RGBA{
		"":            {testkit.Red, testkit.Green, testkit.Blue, testkit.White},
		"50,0,300":    {testkit.Red, testkit.Green, testkit.Blue, testkit.White},
		"0,0,150":     {testkit.Red, testkit.Red, testkit.Red, testkit.Red},
		"200,0,150":   {testkit.Green, testkit.Green, testkit.Green, testkit.Green},
		"0,150,150":   {testkit.Blue, testkit.Blue, testkit.Blue, testkit.Blue},
		"250,150,150": {testkit.White, testkit.White, testkit.White, testkit.White},
		"399,299,1":   nil,
	} {
		client.Upload("me.png", picture, "crop", crop).Want(http.StatusOK)
		crops := client.Crops()
		addresses[crops[64]] = true
		if want != nil {
			testkit.WantCorners(t, client.Get(crops[64]).Image(), want...)
			testkit.WantCorners(t, client.Get(crops[512]).Image(), want...)
		}
	}
	if len(addresses) != 6 { // only the first two are the same
		t.Errorf("another crop of the same picture has the same address: %v", addresses)
	}
	upright := rotated(t, testkit.Quadrants(400, 300), 6)
	client.Upload("me.jpg", upright, "crop", "0,200,150").Want(http.StatusOK) // of 300×400
	testkit.WantCorners(t, client.Get(client.Crops()[128]).Image(), testkit.White, testkit.White, testkit.White, testkit.White)
	client.Upload("me.jpg", upright, "crop", "200,0,150").WantError(http.StatusBadRequest, "invalid_crop")
}

// An upload with an invalid crop is refused and changes nothing.
func TestBadCrops(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	kept := client.Upload("kept.png", testkit.PNG(10, 10)).PicturePath()
	picture := testkit.EncodePNG(testkit.Quadrants(400, 300))
	for _, crop := range []string{
		"0,0,301", "101,0,300", "0,1,300", "400,0,1", "0,0,0", "-1,0,10", "0,0", "0,0,10,10", "a,b,c", "0, 0, 10", "0,0,1e2", "0x0,0,1",
		"0,0,99999999999999999999", "4294967296,0,10", ",,", " ", "0,0,10\n", strings.Repeat("0", 61) + ",0,10", strings.Repeat("x", 100_000),
	} {
		client.Upload("me.png", picture, "crop", crop).WantError(http.StatusBadRequest, "invalid_crop")
	}
	client.Get(kept).Want(http.StatusOK)
	if n := len(server.StoredFiles(t)); n != 1 {
		t.Errorf("%d files are stored, want one", n)
	}
}

// Stored files show the picture upright. They have no metadata, such as the place.
func TestNoMetadataInAnySize(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	address := client.Upload("me.jpg", rotated(t, testkit.Quadrants(1200, 800), 6)).PicturePath() // to be turned
	addresses := append(slices.Collect(maps.Values(client.Crops())), address)
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
		testkit.WantCorners(t, client.Get(address).Image(), testkit.Blue, testkit.Red, testkit.White, testkit.Green)
	}
}

// rotated is a JPEG with an orientation, a place and a camera in its metadata.
func rotated(t testing.TB, m image.Image, orientation uint16) []byte {
	t.Helper()
	tiff := binary.BigEndian.AppendUint16([]byte("MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01"), orientation)
	tiff = append(tiff, "\x00\x00\x00\x00\x00\x00GPS 51.4778N 0.0014W, a secret camera"...)
	exif := append([]byte("Exif\x00\x00"), tiff...)
	segment := append(binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(exif)+2)), exif...)
	comment := "\xff\xfe\x00\x16a secret comment too"
	data := testkit.EncodeJPEG(m)
	return slices.Concat(data[:2], segment, []byte(comment), data[2:], []byte("a secret behind the end"))
}
