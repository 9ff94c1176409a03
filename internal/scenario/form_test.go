package scenario

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

func TestMalformedForms(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	kept := client.Upload("kept.png", testkit.PNG(10, 10)).PicturePath()
	good, goodType := testkit.Form(t, "profile_pic", "a.png", testkit.PNG(5, 5))
	_, boundary, _ := strings.Cut(goodType, "boundary=")
	again := strings.Replace(string(good), "--"+boundary+"--", strings.TrimSuffix(string(good), "--"+boundary+"--\r\n")+"--"+boundary+"--", 1)
	text := "--x\r\nContent-Disposition: form-data; name=\"profile_pic\"\r\n\r\nme.png\r\n--x--\r\n"
	for what, c := range map[string]struct {
		contentType, body string
		status            int
		code              string
	}{
		"no boundary":    {"multipart/form-data", string(good), 400, "malformed_request"},
		"wrong boundary": {"multipart/form-data; boundary=other", string(good), 400, "malformed_request"},
		"no end":         {goodType, strings.TrimSuffix(string(good), "--"+boundary+"--\r\n"), 400, "malformed_request"},
		"cut short":      {goodType, string(good)[:bytes.Index(good, []byte("IDAT"))], 400, "malformed_request"},
		"empty":          {goodType, "", 400, "malformed_request"},
		"two files":      {goodType, again, 400, "malformed_request"},
		"many parts":     {"multipart/form-data; boundary=x", strings.Repeat("--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n", 50) + "--x--\r\n", 400, "malformed_request"},
		"not a file":     {"multipart/form-data; boundary=x", text, 400, "no_file_uploaded"},
		"only the end":   {"multipart/form-data; boundary=x", "--x--\r\n", 400, "no_file_uploaded"},
		"JSON":           {"application/json", `{"profile_pic":"x"}`, 415, "unsupported_media_type"},
		"a bare picture": {"image/png", string(testkit.PNG(5, 5)), 415, "unsupported_media_type"},
		"form fields":    {"application/x-www-form-urlencoded", "profile_pic=x", 415, "unsupported_media_type"},
		"no type":        {"", string(good), 415, "unsupported_media_type"},
	} {
		t.Run(what, func(t *testing.T) {
			client := client.With(t)
			client.Send("POST", "/api/upload-picture", c.contentType, []byte(c.body)).WantError(c.status, c.code)
			client.Get(kept).Want(200)
		})
	}
	other := "--" + boundary + "\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\ntoken\r\n" + string(good)
	client.Send("POST", "/upload_profile_pic", goodType, []byte(other)).Want(200) // other fields are skipped
}

// form encodes a multipart form of fields and their values. The field profile_pic is a
// file.
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

// The field crop may come before or after the file, but only once.
func TestCropInTheForm(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	picture := string(testkit.EncodePNG(testkit.Quadrants(400, 300)))
	send := func(parts ...string) *testkit.Answer {
		body, contentType := form(t, parts...)
		return client.Send("POST", "/upload_profile_pic", contentType, body)
	}
	send("crop", "0,0,150", "profile_pic", picture).Want(http.StatusOK)
	before := client.Crops()[64]
	send("profile_pic", picture, "note", "x", "crop", "0,0,150").Want(http.StatusOK)
	if after := client.Crops()[64]; after != before {
		t.Errorf("before the file it is %s, after it %s", before, after)
	}
	send("crop", "0,0,150", "profile_pic", picture, "crop", "0,0,150").WantError(http.StatusBadRequest, "malformed_request")
	send("crop", "0,0,150").WantError(http.StatusBadRequest, "no_file_uploaded")
}
