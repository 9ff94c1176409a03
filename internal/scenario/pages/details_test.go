package pages

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/browser"
)

// A link that has done its work says so to the signed-in user, and nothing to others.
func TestUsedLink(t *testing.T) {
	server := testkit.Start(t, development)
	visitor := registered(t, server, "ada@example.com")
	token := newest(t, server, "ada@example.com", "verify").token()
	unused := visitor.post("/verify", "token", strings.Repeat("A", 26))
	says(t, unused, 400, "This link has expired or was already used.", "Send a new message")
	lacks(t, unused, "It needs no link.")
	leadsTo(t, visitor.post("/verify", "token", token), "verify?done")
	page := visitor.post("/verify", "token", token)
	says(t, page, 400, "This link has expired or was already used.", "The address of your account, ada@example.com, is confirmed. It needs no link.", `href="./account"`)
	lacks(t, page, "Send a new message")
	lacks(t, browserOf(t, server).post("/verify", "token", token), "ada@example.com", "It needs no link.")
}

// Each button that ends a session has a name of its own.
func TestDeviceButtonsDiffer(t *testing.T) {
	server := testkit.Start(t)
	visitor := registered(t, server, "ada@example.com")
	for range 2 {
		server.Clock.Advance(2 * 60e9)
		server.Login(t, "ada@example.com")
	}
	names := regexp.MustCompile(`aria-label="(Sign out [^"]+)"`).FindAllStringSubmatch(string(visitor.Get("/account").Body), -1)
	if len(names) != 2 || names[0][1] == names[1][1] || !strings.Contains(names[0][1], "127.0.0.1") {
		t.Errorf("the names are %q", names)
	}
}

// Password managers file the new password under the address that asked, and the first field of a
// page has the focus, unless there is something to read before.
func TestFieldsForBrowsers(t *testing.T) {
	server := testkit.Start(t, development)
	server.Register(t, "ada@example.com")
	visitor := browserOf(t, server)
	const username = `name="username" value="ada@example.com" autocomplete="username" hidden>`
	lacks(t, visitor.Get("/reset"), `name="username"`)
	visitor.post("/forgot", "email", "ada@example.com").Want(303)
	says(t, visitor.Get("/reset"), 200, username)
	token := newest(t, server, "ada@example.com", "reset").token()
	says(t, visitor.post("/reset", "token", token, "new_password", "short"), 400, username)
	for path, id := range map[string]string{"/login": "email", "/register": "name", "/forgot": "email"} {
		if page := string(visitor.Get(path).Body); strings.Count(page, "autofocus") != 1 || !regexp.MustCompile(`id="`+id+`"[^>]* autofocus`).MatchString(page) {
			t.Errorf("%s: %s", path, page)
		}
		if page := string(visitor.post(path).Body); strings.Count(page, "autofocus") != 1 || !strings.Contains(page, `class="summary" role="alert" tabindex="-1" autofocus`) {
			t.Errorf("%s refused: %s", path, page)
		}
	}
	visitor.post("/account/profile", "name", "Ada").Want(303)
	lacks(t, visitor.Get("/login?ended"), "autofocus")
	for _, path := range []string{"/reset", "/verify", "/undo"} {
		lacks(t, visitor.Get(path), "autofocus")
	}
}

// What another script has left in the browser's storage does no harm, and an error of a picture
// goes when another is chosen.
func TestScriptsGetOver(t *testing.T) {
	t.Parallel()
	server := testkit.Start(t)
	tab := signedIn(t, server)
	tab.Go(server.URL + "/account")
	browser.Evaluate[string](tab, `sessionStorage.typed = "{broken"`)
	tab.Go(server.URL + "/account")
	tab.Replace("email-email", "typed@example.com")
	tab.Click("#profile form[data-keep] button")
	if got := tab.Value("email"); got != "typed@example.com" {
		t.Errorf("what was typed is now %q", got)
	}

	text := filepath.Join(t.TempDir(), "text.png")
	if err := os.WriteFile(text, []byte("no picture"), 0o600); err != nil {
		t.Fatal(err)
	}
	tab.Choose("picture-profile_pic", text)
	tab.Await(`document.querySelector("#picture output").textContent !== ""`)
	tab.Choose("picture-profile_pic", halves(t, 400, 200))
	tab.Await(`document.getElementById("crop").open`)
	if problem := browser.Evaluate[string](tab, `document.querySelector("#picture output").textContent`); problem != "" {
		t.Errorf("the page still says %q", problem)
	}
}
