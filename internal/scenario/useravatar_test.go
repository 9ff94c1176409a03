package scenario

import (
	"bytes"
	"fmt"
	"image"
	"net/http"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

func avatarOf(id string) string { return "/users/" + id + "/avatar" }

// /users/{id}/avatar shows what a user looks like: the picture's square crop, or the default
// avatar.
func TestAvatarByID(t *testing.T) {
	server := testkit.Start(t)
	ada, visitor := server.Register(t, "ada@example.com"), server.NewClient(t)
	address := avatarOf(ada.User().ID)
	for _, c := range []struct {
		query string
		side  int
	}{{"", 256}, {"?size=64", 64}, {"?size=512", 512}} {
		size := fmt.Sprintf("?size=%d", c.side)
		shown := visitor.Get(address + c.query)
		if got := shown.Image().Bounds(); got != image.Rect(0, 0, c.side, c.side) {
			t.Errorf("%q: the default avatar has %v", c.query, got)
		}
		if !bytes.Equal(shown.Body, visitor.Get(ada.Avatar()+size).Body) {
			t.Errorf("%q: it differs from the avatar in the user object", c.query)
		}
	}

	ada.Upload("me.jpg", testkit.EncodeJPEG(testkit.Quadrants(1200, 800))).Want(http.StatusOK)
	for side, crop := range ada.Crops() {
		shown := visitor.Get(fmt.Sprintf("%s?size=%d", address, side)).Want(http.StatusOK)
		if !bytes.Equal(shown.Body, visitor.Get(crop).Body) {
			t.Errorf("size %d is not the crop at %s", side, crop)
		}
		testkit.WantCorners(t, shown.Image(), testkit.Red, testkit.Green, testkit.Blue, testkit.White)
	}
	ada.Delete("/api/upload-picture").Want(http.StatusOK)
	if kind := visitor.Get(address).Want(http.StatusOK).Header.Get("Content-Type"); kind != "image/png" {
		t.Errorf("after the removal it is %s", kind)
	}
	for _, size := range []string{"", "65", "4096", "x", "-64"} {
		visitor.Get(address+"?size="+size).WantError(http.StatusBadRequest, "malformed_request")
	}
	visitor.Get(address+"/").WantError(http.StatusNotFound, "not_found")
}

// Caches keep avatars by id for five minutes, because users change. Then they ask again.
func TestAvatarByIDIsServedSafely(t *testing.T) {
	server := testkit.Start(t)
	ada, visitor := server.Register(t, "ada@example.com"), server.NewClient(t)
	address := avatarOf(ada.User().ID)
	var tags []string
	for _, picture := range []string{"", "me.png"} {
		if picture != "" {
			ada.Upload(picture, testkit.PNG(300, 300)).Want(http.StatusOK)
		}
		shown := visitor.Get(address).Want(http.StatusOK)
		shown.WantHeaders(map[string]string{
			"Content-Type":                 "image/png",
			"Cache-Control":                "public, max-age=300",
			"X-Content-Type-Options":       "nosniff",
			"Content-Security-Policy":      "default-src 'none'; sandbox; frame-ancestors 'none'",
			"Cross-Origin-Resource-Policy": "cross-origin",
			"X-Request-Id":                 "",
		})
		tag := shown.Header.Get("ETag")
		tags = append(tags, tag)
		asking := server.NewClient(t)
		asking.Header = http.Header{"If-None-Match": {tag}}
		asking.Get(address).Want(http.StatusNotModified).WantHeaders(map[string]string{"Cache-Control": "public, max-age=300"})
		asking.Header = http.Header{"Range": {"bytes=1-3"}}
		asking.Get(address).Want(http.StatusPartialContent).WantBody("PNG")
		if head := visitor.Send("HEAD", address, "", nil).Want(http.StatusOK); len(head.Body) != 0 || head.Header.Get("ETag") != tag {
			t.Errorf("HEAD: %v", head.Header)
		}
	}
	if tags[0] == tags[1] || tags[0] == "" {
		t.Errorf("ETags %v", tags)
	}
}

// Unknown ids get a neutral figure. So do imported ids, which can be guessed: initials would
// reveal who has an account. Pictures are public in any case.
func TestAvatarByIDRevealsNothing(t *testing.T) {
	server := testkit.Start(t)
	visitor := server.NewClient(t)
	neutral := visitor.Get(avatarOf("k3v9x2q7mzt4hw5e")).Want(http.StatusOK)
	neutral.Image()
	inDatabase(t, server, func(tx *store.Tx) error {
		return tx.CreateUser(t.Context(), store.User{ID: "2", Name: "Zoe Old", Email: "zoe@example.com", EmailKey: "zoe@example.com",
			PasswordHash: "none", CreatedAt: server.Clock.Now()})
	})
	deleted := server.Register(t, "gone@example.com").User().ID
	if _, err := server.Operate(t).Delete(t.Context(), deleted); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"2", "3", deleted, "A", "a_b", "x%2fy", "%00", "%ff", strings.Repeat("x", 5000)} {
		shown := visitor.Get(avatarOf(id)).Want(http.StatusOK)
		if !bytes.Equal(shown.Body, neutral.Body) || shown.Header.Get("ETag") != neutral.Header.Get("ETag") {
			t.Errorf("%q has an avatar of its own", id[:min(len(id), 20)])
		}
	}
	known := server.Register(t, "ada@example.com").User().ID
	if bytes.Equal(visitor.Get(avatarOf(known)).Want(http.StatusOK).Body, neutral.Body) {
		t.Error("a known id has the neutral figure")
	}
}
