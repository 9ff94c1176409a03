package scenario

import (
	"net/http"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// An address with an older name of the same user's picture leads to the newest picture, so
// links that another program has stored keep working.
func TestOldPictureNamesRedirect(t *testing.T) {
	server := testkit.Start(t)
	ada, bob, visitor := server.Register(t, "ada@example.com"), server.Register(t, "bob@example.com"), server.NewClient(t)
	first := ada.Upload("first.png", testkit.PNG(10, 10)).PicturePath()
	second := ada.Upload("second.png", testkit.PNG(20, 20)).PicturePath()
	newest := ada.Upload("newest.png", testkit.PNG(30, 30)).PicturePath()
	bobs := bob.Upload("me.png", testkit.PNG(40, 40)).PicturePath()

	for _, old := range []string{first, second} {
		for _, query := range []string{"", "?size=64", "?size=128&v=abc"} {
			for _, method := range []string{"GET", "HEAD"} {
				visitor.Send(method, old+query, "", nil).Want(http.StatusFound).WantHeaders(map[string]string{
					"Location":                     server.URL + newest + query,
					"Cache-Control":                "public, no-cache",
					"Cross-Origin-Resource-Policy": "cross-origin",
				})
			}
		}
		visitor.Get(old+"?size=65").WantError(http.StatusBadRequest, "malformed_request")
	}
	visitor.Get(newest).Want(http.StatusOK)
	for what, address := range map[string]string{
		"a name that was never used": strings.Replace(newest, "newest", "other", 1),
		"a name of another user":     strings.Replace(bobs, "me.png", "first.png", 1),
	} {
		if a := visitor.Get(address); a.Status != http.StatusNotFound {
			t.Errorf("%s: %d, to %s", what, a.Status, a.Header.Get("Location"))
		}
	}

	// A name that is used again is no old one.
	again := ada.Upload("first.png", testkit.PNG(50, 50)).PicturePath()
	visitor.Get(again).Want(http.StatusOK)
	visitor.Get(newest).Want(http.StatusFound).WantHeaders(map[string]string{"Location": server.URL + first})

	ada.Delete("/api/upload-picture").Want(http.StatusOK)
	for _, address := range []string{first, second, newest} {
		visitor.Get(address).WantError(http.StatusNotFound, "picture_not_found")
	}
	last := ada.Upload("last.png", testkit.PNG(60, 60)).PicturePath()
	for _, address := range []string{first, second, newest} {
		visitor.Get(address).Want(http.StatusFound).WantHeaders(map[string]string{"Location": server.URL + last})
	}
	if _, err := server.Operate(t).Delete(t.Context(), "ada@example.com"); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{first, last} {
		visitor.Get(address).WantError(http.StatusNotFound, "picture_not_found")
	}
}
