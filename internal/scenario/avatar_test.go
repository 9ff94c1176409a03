package scenario

import (
	"fmt"
	"image"
	"net/http"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// Users without a picture have a default avatar, whatever their name is.
func TestDefaultAvatars(t *testing.T) {
	server := testkit.Start(t)
	client, visitor := server.Register(t, "ada@example.com"), server.NewClient(t)
	addresses := map[string]string{}
	for _, name := range []string{"Ada Lovelace", "Анна Каренина", "王小明", "🎉", "(._.)", strings.Repeat("x y ", 25)} {
		client.Rename(name).Want(200)
		address := client.Avatar()
		addresses[address] = name
		if !strings.HasPrefix(address, "/avatars/") || strings.Contains(address, client.User().ID) {
			t.Errorf("%q is at %s", name, address)
		}
		if got := visitor.Get(address).Image().Bounds(); got != image.Rect(0, 0, 256, 256) {
			t.Errorf("%q has %v", name, got)
		}
		for _, side := range sides {
			if got := visitor.Get(fmt.Sprintf("%s?size=%d", address, side)).Image().Bounds(); got != image.Rect(0, 0, side, side) {
				t.Errorf("%q in %d has %v", name, side, got)
			}
		}
	}
	if len(addresses) != 4 { // the font cannot write three of the names, which share a figure
		t.Errorf("avatars %v", addresses)
	}
}

func TestDefaultAvatarIsServedSafely(t *testing.T) {
	server := testkit.Start(t)
	address := server.Register(t, "ada@example.com").Avatar()
	visitor := server.NewClient(t)
	for range 2 { // drawn, then cached
		a := visitor.Get(address).Want(http.StatusOK)
		a.WantHeaders(map[string]string{
			"Content-Type":                 "image/png",
			"Content-Length":               fmt.Sprint(len(a.Body)),
			"Cache-Control":                "public, max-age=31536000, immutable",
			"X-Content-Type-Options":       "nosniff",
			"Content-Security-Policy":      "default-src 'none'; sandbox; frame-ancestors 'none'",
			"Cross-Origin-Resource-Policy": "cross-origin",
		})
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

// Nobody can guess the address of a default avatar, or change one into another.
func TestAvatarAddressesCannotBeGuessed(t *testing.T) {
	server := testkit.Start(t)
	address := server.Register(t, "ada@example.com").Avatar()
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
	other := testkit.Start(t) // has its own secret
	other.NewClient(t).Get(address).WantError(http.StatusNotFound, "picture_not_found")
}

// The avatar is the user's picture, or a default avatar. A new name changes its initials,
// but not its colour.
func TestAvatarFollowsTheUser(t *testing.T) {
	data := t.TempDir()
	configure := testkit.On(data)
	server := testkit.Start(t, configure)
	client := server.Register(t, "ada@example.com")
	client.Rename("Ada Lovelace").Want(200)
	first := client.Avatar()
	client.Rename("Bo").Want(200)
	second := client.Avatar()
	colour := client.Get(second).Image().At(0, 0)
	if second == first || colour != client.Get(first).Image().At(0, 0) {
		t.Errorf("renamed, it is at %s, before at %s, in %v", second, first, colour)
	}
	address := client.Upload("me.png", testkit.PNG(9, 9)).PicturePath()
	if got := client.Avatar(); got != address {
		t.Errorf("with a picture it is at %s, want %s", got, address)
	}
	client.Delete("/api/upload-picture").Want(http.StatusOK)
	if got := client.Avatar(); got != second {
		t.Errorf("without a picture again it is at %s, before at %s", got, second)
	}
	server.Stop()
	again := testkit.Start(t, configure).NewClient(t)
	again.Cookie = client.Cookie
	if got := again.Avatar(); got != second {
		t.Errorf("after a start it is at %s, before at %s", got, second)
	}
	again.Get(first).Want(http.StatusOK)

	colours := map[any]bool{}
	for i := range 12 {
		colours[again.Get(avatarOfNewUser(t, again, i)).Image().At(0, 0)] = true
	}
	if len(colours) < 3 {
		t.Errorf("twelve users have %d colours", len(colours))
	}
}

func avatarOfNewUser(t *testing.T, c *testkit.Client, i int) string {
	t.Helper()
	user := testkit.NewClient(t, c.URL)
	user.Register(fmt.Sprintf("bo%d@example.com", i))
	return user.Avatar()
}
