package scenario

import (
	"fmt"
	"image"
	"net/http"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// face is the address of a person's avatar, behind the server's own.
func face(t *testing.T, c *testkit.Client) string {
	t.Helper()
	address, ok := strings.CutPrefix(c.Get("/api/user").Want(http.StatusOK).Envelope().User.Avatar, c.URL)
	if !ok {
		t.Fatalf("avatar_url %q", address)
	}
	return address
}

func rename(c *testkit.Client, name string) {
	c.JSON("PATCH", "/api/user", map[string]string{"name": name}).Want(http.StatusOK)
}

// Everybody has a face, whatever they are called.
func TestEverybodyHasAFace(t *testing.T) {
	server := testkit.Start(t)
	client, visitor := server.Register(t, "ada@example.com"), server.NewClient(t)
	addresses := map[string]string{}
	for _, name := range []string{"Ada Lovelace", "Анна Каренина", "王小明", "🎉", "(._.)", strings.Repeat("x y ", 25)} {
		rename(client, name)
		address := face(t, client)
		addresses[address] = name
		if !strings.HasPrefix(address, "/avatars/") || strings.Contains(address, client.Get("/api/user").Envelope().User.ID) {
			t.Errorf("%q is at %s", name, address)
		}
		if got := seen(t, visitor, address).Bounds(); got != image.Rect(0, 0, 256, 256) {
			t.Errorf("%q has %v", name, got)
		}
		for _, side := range sides {
			if got := seen(t, visitor, fmt.Sprintf("%s?size=%d", address, side)).Bounds(); got != image.Rect(0, 0, side, side) {
				t.Errorf("%q in %d has %v", name, side, got)
			}
		}
	}
	if len(addresses) != 4 { // the three that the font cannot write share a figure
		t.Errorf("faces %v", addresses)
	}
}

func TestFaceIsServedSafely(t *testing.T) {
	server := testkit.Start(t)
	address := face(t, server.Register(t, "ada@example.com"))
	visitor := server.NewClient(t)
	for range 2 { // drawn, and then remembered
		a := visitor.Get(address).Want(http.StatusOK)
		for name, want := range map[string]string{
			"Content-Type":                 "image/png",
			"Content-Length":               fmt.Sprint(len(a.Body)),
			"Cache-Control":                "public, max-age=31536000, immutable",
			"X-Content-Type-Options":       "nosniff",
			"Content-Security-Policy":      "default-src 'none'; sandbox; frame-ancestors 'none'",
			"Cross-Origin-Resource-Policy": "cross-origin",
		} {
			if got := a.Header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		asking := server.NewClient(t)
		asking.Header = http.Header{"If-None-Match": {a.Header.Get("ETag")}}
		asking.Get(address).Want(http.StatusNotModified)
		asking.Get(address + "?size=64").Want(http.StatusOK)
		asking.Header = http.Header{"If-Match": {`"another"`}}
		asking.Get(address).Want(http.StatusPreconditionFailed)
		asking.Header = http.Header{"Range": {"bytes=1-3"}}
		asking.Get(address).Want(http.StatusPartialContent).WantBody("PNG")
		asking.Header = http.Header{"Range": {"bytes=1000000-"}}
		asking.Get(address).Want(http.StatusRequestedRangeNotSatisfiable)
	}
	if head := visitor.Send("HEAD", address, "", nil).Want(http.StatusOK); len(head.Body) != 0 || head.Header.Get("Content-Length") == "" {
		t.Errorf("HEAD: %v", head.Header)
	}
	for _, size := range []string{"", "65", "4096", "x"} {
		visitor.Get(address+"?size="+size).WantError(http.StatusBadRequest, "malformed_request")
	}
}

// Nobody can make up the address of a face, or change one into that of another.
func TestFacesCannotBeGuessed(t *testing.T) {
	server := testkit.Start(t)
	address := face(t, server.Register(t, "ada@example.com"))
	visitor := server.NewClient(t)
	key := strings.TrimSuffix(strings.TrimPrefix(address, "/avatars/"), ".png")
	visitor.Get(address).Want(http.StatusOK)
	altered := []string{"", "a", key[1:], key[:len(key)-1], key + "a", strings.ToUpper(key), key + "%0a", key + "=", "%0d" + key, key + ".png", key + ".."}
	for i := range key {
		for _, c := range "a2bq" {
			if byte(c) != key[i] {
				altered = append(altered, key[:i]+string(c)+key[i+1:])
			}
		}
	}
	for _, key := range altered {
		visitor.Get("/avatars/"+key+".png").WantError(http.StatusNotFound, "picture_not_found")
	}
	for _, end := range []string{"", ".jpg", ".PNG", "/x.png"} {
		visitor.Get("/avatars/" + key + end).Want(http.StatusNotFound)
	}
	other := testkit.Start(t) // has a secret of its own
	other.NewClient(t).Get(address).WantError(http.StatusNotFound, "picture_not_found")
}

// The avatar is the picture if there is one; the face follows the name, and its
// colour the person.
func TestAvatarFollowsThePerson(t *testing.T) {
	data := t.TempDir()
	configure := func(c *cardea.Config) { c.Data = data }
	server := testkit.Start(t, configure)
	client := server.Register(t, "ada@example.com")
	rename(client, "Ada Lovelace")
	first := face(t, client)
	rename(client, "Bo")
	second := face(t, client)
	colour := seen(t, client, second).At(0, 0)
	if second == first || colour != seen(t, client, first).At(0, 0) {
		t.Errorf("renamed, it is at %s, before at %s, in %v", second, first, colour)
	}
	address := path(t, client.Upload("me.png", pngOf(9, 9)))
	if got := face(t, client); got != address {
		t.Errorf("with a picture it is at %s, want %s", got, address)
	}
	client.Delete("/api/upload-picture").Want(http.StatusOK)
	if got := face(t, client); got != second {
		t.Errorf("without a picture again it is at %s, before at %s", got, second)
	}
	server.Stop()
	again := testkit.Start(t, configure).NewClient(t)
	again.Cookie = client.Cookie
	if got := face(t, again); got != second {
		t.Errorf("after a start it is at %s, before at %s", got, second)
	}
	again.Get(first).Want(http.StatusOK)

	colours := map[any]bool{}
	for i := range 12 {
		colours[seen(t, again, faceOfNewcomer(t, again, i)).At(0, 0)] = true
	}
	if len(colours) < 3 {
		t.Errorf("twelve people have %d colours", len(colours))
	}
}

func faceOfNewcomer(t *testing.T, c *testkit.Client, i int) string {
	t.Helper()
	newcomer := testkit.NewClient(t, c.URL)
	newcomer.Post("/api/register", testkit.Person("Bo", fmt.Sprintf("bo%d@example.com", i), "simplepass")).Want(http.StatusCreated)
	return face(t, newcomer)
}

// The home page shows who is signed in.
func TestHomePageShowsTheAvatar(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	shows := func(address string) {
		t.Helper()
		page := *client
		page.Header = http.Header{"Accept": {"text/html"}}
		body := string(page.Get("/").Want(http.StatusOK).Body)
		_, rest, _ := strings.Cut(body, `<img src="`)
		src, _, _ := strings.Cut(rest, `"`)
		if !strings.HasPrefix("/"+src, address+"?size=256") {
			t.Errorf("the page shows %q, want %s", src, address)
		}
		seen(t, client, "/"+strings.ReplaceAll(src, "&amp;", "&"))
	}
	shows(face(t, client))
	shows(path(t, client.Upload("me.png", pngOf(600, 600))))
}

func BenchmarkFace(b *testing.B) {
	server := testkit.Start(b)
	address := server.Register(b, "ada@example.com").Get("/api/user").Envelope().User.Avatar
	r := readOf("")
	r.URL.Path = strings.TrimPrefix(address, server.URL)
	w := &nothing{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.header)
		server.ServeHTTP(w, r)
	}
}
