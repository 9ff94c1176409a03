package pages

import (
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// Browsers get a page, in their language and with a way home, where there is nothing. Programs,
// and all calls of the API, get what they always got.
func TestNothingHere(t *testing.T) {
	server := testkit.Start(t, development)
	visitor, program := browserOf(t, server), server.NewClient(t)
	visitor.Header.Set("Accept-Language", "de")
	program.Undocumented = true
	for path, home := range map[string]string{
		"/nothing": "./", "/a/b/c": "../../", "/acc%2Fount": "./", "/static/": "../", "//login": "../", "/a/../login": "../../",
		"/login/x": "../", "/favicon.ico": "./",
	} {
		says(t, visitor.Get(path), 404, "Seite nicht gefunden", `<a class="button" href="`+home+`">Zur Startseite</a>`, "Unter dieser Adresse gibt es nichts.")
		program.Get(path).Want(404).WantBody(`{"status":"error","message":"There is nothing at this address.","code":"not_found"}`)
	}
	for _, path := range []string{"/api/", "/api/nothing", "/api/user/x"} {
		visitor.Get(path).WantError(404, "not_found")
	}
	visitor.Send("PUT", "/api/user", "", nil).WantError(405, "method_not_allowed")
	page := visitor.Send("PUT", "/login", "", nil)
	says(t, page, 405, "Diese Seite kann so nicht geöffnet werden.")
	page.WantHeaders(map[string]string{"Allow": "GET, HEAD, POST", "Cache-Control": "no-store"})
	program.Send("PUT", "/login", "", nil).WantError(405, "method_not_allowed")

	for path, want := range map[string]string{
		"/login/": "../login", "/login/?next=%2Fx": "../login?next=%2Fx", "/account/": "../account", "/account/profile/": "../profile",
	} {
		if to := visitor.Get(path).Want(308).Header.Get("Location"); to != want {
			t.Errorf("%s leads to %s", path, to)
		}
	}
	says(t, visitor.post("/login/", "email", "ada@example.com"), 404)
	program.Post("/login/", testkit.Credentials("ada@example.com", "simplepass")).WantError(404, "not_found")

	without := browserOf(t, testkit.Start(t, func(c *cardea.Config) { c.Pages = "off" }))
	for _, path := range []string{"/nothing", "/login/"} {
		without.Get(path).WantError(404, "not_found")
	}
}

// What only a forged form can send is refused in the user's language too.
func TestForgedFormsAreTranslated(t *testing.T) {
	visitor := registered(t, testkit.Start(t), "ada@example.com")
	visitor.post("/account/profile", "name", "Ada", "language", "de").Want(303)
	says(t, visitor.post("/account/profile", "name", "Ada", "language", "xx"), 400, "Das wurde nicht angenommen.")
	says(t, visitor.post("/account/profile", "name", strings.Repeat("x", 64<<10)), 413, "Ihre Eingaben sind zu lang.")
	says(t, visitor.Get("/account?after=nonsense"), 400, "nicht so aufgerufen wie erwartet")
}
