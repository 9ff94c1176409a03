package scenario

import (
	"bytes"
	"image/color"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// Who uploads can say which square the crops show.
func TestChosenCrop(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	picture := encodedPNG(t, quadrants(400, 300))
	addresses := map[string]bool{}
	for crop, want := range map[string][]color.RGBA{
		"":            {red, green, blue, white},
		"50,0,300":    {red, green, blue, white},
		"0,0,150":     {red, red, red, red},
		"200,0,150":   {green, green, green, green},
		"0,150,150":   {blue, blue, blue, blue},
		"250,150,150": {white, white, white, white},
		"399,299,1":   nil,
	} {
		client.UploadCrop("me.png", picture, crop).Want(http.StatusOK)
		crops := cropsOf(t, client)
		addresses[crops[64]] = true
		if want != nil {
			wantCorners(t, seen(t, client, crops[64]), want...)
			wantCorners(t, seen(t, client, crops[512]), want...)
		}
	}
	if len(addresses) != 6 { // only the first two are the same
		t.Errorf("the same picture cropped otherwise has the same address: %v", addresses)
	}
	upright := rotated(t, quadrants(400, 300), 6)
	client.UploadCrop("me.jpg", upright, "0,200,150").Want(http.StatusOK) // of 300×400
	wantCorners(t, seen(t, client, cropsOf(t, client)[128]), white, white, white, white)
	client.UploadCrop("me.jpg", upright, "200,0,150").WantError(http.StatusBadRequest, "invalid_crop")
}

// form is a multipart form of parts, each a field's name and value; profile_pic is a file.
func form(t *testing.T, parts ...string) (body []byte, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		create := w.CreateFormField
		if parts[i] == "profile_pic" {
			create = func(name string) (io.Writer, error) { return w.CreateFormFile(name, "me.png") }
		}
		part, err := create(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write([]byte(parts[i+1])) // a buffer takes everything
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), w.FormDataContentType()
}

// The crop may stand before or behind the file, once.
func TestCropInTheForm(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	picture := string(encodedPNG(t, quadrants(400, 300)))
	send := func(parts ...string) *testkit.Answer {
		body, contentType := form(t, parts...)
		return client.Send("POST", "/upload_profile_pic", contentType, body)
	}
	send("crop", "0,0,150", "profile_pic", picture).Want(http.StatusOK)
	before := cropsOf(t, client)[64]
	send("profile_pic", picture, "note", "x", "crop", "0,0,150").Want(http.StatusOK)
	if behind := cropsOf(t, client)[64]; behind != before {
		t.Errorf("before the file it is %s, behind it %s", before, behind)
	}
	send("crop", "0,0,150", "profile_pic", picture, "crop", "0,0,150").WantError(http.StatusBadRequest, "malformed_request")
	send("crop", "0,0,150").WantError(http.StatusBadRequest, "no_file_uploaded")
}

// A crop that is none is refused, and nothing changes.
func TestBadCrops(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	kept := path(t, client.Upload("kept.png", pngOf(10, 10)))
	picture := encodedPNG(t, quadrants(400, 300))
	for _, crop := range []string{
		"0,0,301", "101,0,300", "0,1,300", "400,0,1", "0,0,0", "-1,0,10", "0,0", "0,0,10,10", "a,b,c", "0, 0, 10", "0,0,1e2", "0x0,0,1",
		"0,0,99999999999999999999", "4294967296,0,10", ",,", " ", "0,0,10\n", strings.Repeat("0", 61) + ",0,10", strings.Repeat("x", 100_000),
	} {
		client.UploadCrop("me.png", picture, crop).WantError(http.StatusBadRequest, "invalid_crop")
	}
	client.Get(kept).Want(http.StatusOK)
	if n := len(storedFiles(t, server)); n != 1 {
		t.Errorf("%d files are stored, want one", n)
	}
}
