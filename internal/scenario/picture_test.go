package scenario

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io/fs"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// pngOf is a PNG file of one colour, which depends on its size.
func pngOf(width, height int) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, plain(width, height)); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func plain(width, height int) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range m.Pix {
		m.Pix[i] = 255
		if i%4 != 3 {
			m.Pix[i] = uint8(width * (i%4 + 1))
		}
	}
	return m
}

func jpegOf(width, height int) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, plain(width, height), nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func gifOf(width, height int) []byte {
	m := image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{color.White, color.Black})
	var b bytes.Buffer
	if err := gif.Encode(&b, m, nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// path is the part of a picture's address behind the server's.
func path(t *testing.T, a *testkit.Answer) string {
	t.Helper()
	u, err := url.Parse(a.Want(http.StatusOK).Envelope().Picture)
	if err != nil || u.Path == "" {
		t.Fatalf("profile_pic_url in %s: %v", a.Body, err)
	}
	return u.Path
}

func TestPictureTypes(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	id := client.Get("/api/user").Envelope().User.ID
	for _, c := range []struct {
		file    string
		data    []byte
		address string // behind the id
		kind    string
		width   int
		height  int
	}{
		{"me.png", pngOf(300, 200), "me.png", "image/png", 300, 200},
		{"me.PNG", pngOf(1, 1), "me.PNG", "image/png", 1, 1},
		{"me.jpg", jpegOf(2048, 1024), "me.jpg", "image/jpeg", 1024, 512},
		{"me.jpeg", jpegOf(30, 20), "me.jpeg", "image/jpeg", 30, 20},
		{"me.gif", gifOf(30, 20), "me.png", "image/png", 30, 20},
		{"me.jpg", pngOf(30, 20), "me.png", "image/png", 30, 20}, // the content decides
		{"my best photo (1).png", pngOf(9, 9), "my_best_photo_1.png", "image/png", 9, 9},
		{"../../etc/passwd.png", pngOf(9, 9), "etc_passwd.png", "image/png", 9, 9},
		{"..\\x\u202e\t\u0085.png", pngOf(9, 9), "x_.png", "image/png", 9, 9},
		{"été.png", pngOf(9, 9), "ete.png", "image/png", 9, 9},
		{"名.png", pngOf(9, 9), "picture.png", "image/png", 9, 9},
		{".png", pngOf(9, 9), "picture.png", "image/png", 9, 9},
	} {
		address := path(t, client.Upload(c.file, c.data))
		if want := "/uploads/" + id + "_" + c.address; address != want {
			t.Errorf("%q is at %s, want %s", c.file, address, want)
		}
		a := server.NewClient(t).Get(address).Want(http.StatusOK)
		m, _, err := image.DecodeConfig(bytes.NewReader(a.Body))
		if err != nil || m.Width != c.width || m.Height != c.height || a.Header.Get("Content-Type") != c.kind {
			t.Errorf("%q came out as %s of %dx%d (%v)", c.file, a.Header.Get("Content-Type"), m.Width, m.Height, err)
		}
	}
	long := path(t, client.Upload(strings.Repeat("n", 300)+".png", pngOf(9, 9)))
	if name := strings.TrimPrefix(long, "/uploads/"+id+"_"); len(name) != 100 || !strings.HasSuffix(name, "n.png") {
		t.Errorf("a long name became %q", name)
	}
}

func TestPictureIsServedSafely(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	address := path(t, client.Upload("me.png", pngOf(64, 64)))
	user := client.Get("/api/user").Envelope().User
	if user.Picture == nil || *user.Picture != server.URL+address {
		t.Errorf("user's picture %v, want %s", user.Picture, server.URL+address)
	}
	visitor := server.NewClient(t)
	a := visitor.Get(address).Want(http.StatusOK)
	for name, want := range map[string]string{
		"Content-Type":                 "image/png",
		"X-Content-Type-Options":       "nosniff",
		"Content-Security-Policy":      "default-src 'none'; sandbox; frame-ancestors 'none'",
		"Cross-Origin-Resource-Policy": "cross-origin",
		"Cache-Control":                "public, no-cache",
		"Content-Disposition":          `inline; filename="me.png"`,
	} {
		if got := a.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
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

func TestPictureIsReplacedAndRemoved(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	first := path(t, client.Upload("a.png", pngOf(10, 10)))
	tag := client.Get(first).Header.Get("ETag")
	if again := path(t, client.Upload("a.png", pngOf(20, 20))); again != first {
		t.Errorf("the same name is at %s, before at %s", again, first)
	}
	if client.Get(first).Header.Get("ETag") == tag {
		t.Error("another picture has the same ETag")
	}
	second := path(t, client.Upload("b.png", pngOf(30, 30)))
	client.Get(first).WantError(http.StatusNotFound, "picture_not_found")
	client.Get(second).Want(http.StatusOK)
	if n := len(storedFiles(t, server)); n != 1 {
		t.Errorf("%d files are stored, want one", n)
	}

	server.NewClient(t).Delete("/api/upload-picture").Want(http.StatusUnauthorized)
	for range 2 { // also when there is none
		client.Delete("/api/upload-picture").Want(http.StatusOK)
		client.Get(second).Want(http.StatusNotFound)
		if user := client.Get("/api/user").Envelope().User; user.Picture != nil {
			t.Errorf("picture %s after its removal", *user.Picture)
		}
	}
	if files := storedFiles(t, server); len(files) != 0 {
		t.Errorf("left in storage: %v", files)
	}
}

func storedFiles(t testing.TB, server *testkit.Server) (files []string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(server.Data, "pictures"), func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestPictureAddressesThatAreNone(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	address := path(t, client.Upload("a.png", pngOf(10, 10)))
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

func TestPictureRefusals(t *testing.T) {
	server := testkit.Start(t, func(c *cardea.Config) { c.UploadMaxBytes, c.UploadMaxPixels = 100_000, 1_000_000 })
	client := server.Register(t, "ada@example.com")
	kept := path(t, client.Upload("kept.png", pngOf(10, 10)))
	for what, c := range map[string]struct {
		file   string
		data   []byte
		status int
		code   string
	}{
		"too many pixels":   {"a.png", pngOf(1001, 1000), 400, "image_too_large"},
		"too many bytes":    {"a.png", append(pngOf(9, 9), make([]byte, 100_000)...), 413, "file_too_large"},
		"empty":             {"a.png", nil, 400, "invalid_file_type"},
		"HTML":              {"a.png", []byte("<html><script>alert(1)</script>"), 400, "invalid_file_type"},
		"SVG":               {"a.png", []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), 400, "invalid_file_type"},
		"a picture, by end": {"a.html", pngOf(9, 9), 400, "invalid_file_type"},
		"NUL in the name":   {"a\x00.png", pngOf(9, 9), 400, "malformed_request"},
		"cut short":         {"a.png", pngOf(300, 300)[:60], 400, "invalid_file_type"},
	} {
		t.Run(what, func(t *testing.T) {
			client := client.With(t)
			client.Upload(c.file, c.data).WantError(c.status, c.code)
			client.Get(kept).Want(http.StatusOK)
		})
	}
	if n := len(storedFiles(t, server)); n != 1 {
		t.Errorf("%d files are stored, want one", n)
	}
}
