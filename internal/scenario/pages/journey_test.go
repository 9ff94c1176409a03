package pages

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/browser"
)

// pictureFile makes a picture that a browser can choose.
func pictureFile(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "me.png")
	if err := os.WriteFile(file, testkit.PNG(300, 200), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// signedIn returns a tab whose user has just registered.
func signedIn(t *testing.T, server *testkit.Server, options ...browser.Option) *browser.Tab {
	t.Helper()
	tab := browser.Open(t, options...)
	tab.Go(server.URL + "/register")
	tab.Fill("name", "Ada")
	tab.Fill("email", "ada@example.com")
	tab.Fill("password", "simplepass")
	tab.Click("main button.primary")
	return tab
}

// wantOutcome fails the test unless a section of the account page says what was done.
func wantOutcome(t *testing.T, tab *browser.Tab, section, want string) {
	t.Helper()
	selector := "#" + section + " .outcome"
	if got := tab.Text(selector); got != want {
		t.Errorf("%s says %q, not %q", section, got, want)
	}
}

// The life of an account, from the registration to its end, with and without script.
func TestWholeLife(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]browser.Option{"script": nil, "no script": {browser.WithoutScript()}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := testkit.Start(t)
			tab := signedIn(t, server, options...)
			tab.Click("main a.primary")
			if heading := tab.Heading(); heading != "Your account" {
				t.Fatalf("the page is %q", heading)
			}
			tab.Replace("profile-name", " ")
			if status := tab.Click("#profile .primary"); status != 400 || tab.Text("#profile-name-problem") != "Enter a name." {
				t.Errorf("status %d", status)
			}
			tab.Replace("profile-name", "Ada Lovelace")
			tab.Click("#profile .primary")
			wantOutcome(t, tab, "profile", "Profile saved.")
			if name := tab.Value("name"); name != "Ada Lovelace" {
				t.Errorf("the name is %q", name)
			}
			server.Login(t, "ada@example.com")
			tab.Go(server.URL + "/account")
			tab.Click("#sessions .devices button")
			wantOutcome(t, tab, "sessions", "That device is signed out.")

			tab.Replace("password-current_password", "simplepass")
			tab.Replace("password-new_password", "another pass phrase")
			tab.Click("#password form > button")
			wantOutcome(t, tab, "password", "Password changed. You are signed out everywhere else.")

			tab.Click("header button")
			if heading := tab.Heading(); heading != "You are signed out" {
				t.Fatalf("the page is %q", heading)
			}
			tab.Click("main a.primary")
			tab.Fill("email", "ada@example.com")
			tab.Fill("password", "another pass phrase")
			tab.Click("main button.primary")
			tab.Go(server.URL + "/account")
			tab.Touch("#delete summary")
			tab.Replace("delete-current_password", "another pass phrase")
			tab.Click("#delete button.red")
			if heading := tab.Heading(); heading != "Your account is deleted" {
				t.Fatalf("the page is %q", heading)
			}
		})
	}
}

// Without script, the file field and its button are enough.
func TestPictureWithoutScript(t *testing.T) {
	t.Parallel()
	server := testkit.Start(t)
	tab := signedIn(t, server, browser.WithoutScript())
	tab.Go(server.URL + "/account")
	tab.Choose("picture-profile_pic", pictureFile(t))
	tab.Click("#picture button")
	wantOutcome(t, tab, "profile", "Picture saved.")
	tab.Click("#picture button[name=remove]")
	wantOutcome(t, tab, "profile", "Picture removed.")
}

// Everything is reached in the order of the page, and Enter sends.
func TestKeyboardOnly(t *testing.T) {
	t.Parallel()
	server := testkit.Start(t)
	tab := browser.Open(t, browser.Screen(1280, 800, false))
	tab.Go(server.URL + "/register")
	tab.Await("document.activeElement.id === 'name'") // the focus comes when the page is drawn
	focused := func() string { return browser.Evaluate[string](tab, "document.activeElement.id") }
	for i, field := range [][2]string{{"name", "Ada"}, {"email", "ada@example.com"}, {"password", "simplepass"}} {
		if i > 0 { // the first one has the focus when the page opens
			tab.Press(kb.Tab)
		}
		if focused() != field[0] {
			t.Fatalf("the focus is on %q, not %q", focused(), field[0])
		}
		tab.Press(field[1])
	}
	tab.PressToPage(kb.Enter)
	tab.Press(kb.Tab)
	tab.PressToPage(kb.Enter)
	if heading := tab.Heading(); heading != "Your account" {
		t.Fatalf("the page is %q", heading)
	}
	seen := map[string]bool{}
	for range 60 {
		tab.Press(kb.Tab)
		outline := browser.Evaluate[string](tab, "(s => s.outlineStyle + ' ' + s.outlineWidth)(getComputedStyle(document.activeElement))")
		what := browser.Evaluate[string](tab, "document.activeElement.id || document.activeElement.textContent.trim()")
		if browser.Evaluate[bool](tab, "document.activeElement === document.body") {
			break // out of the page
		}
		if outline != "solid 2px" {
			t.Errorf("%s has the focus ring %s", what, outline)
		}
		seen[what] = true
	}
	for _, what := range []string{"Sign out", "Profile", "picture-profile_pic", "profile-name", "profile-language", "Save", "email-email", "password-new_password", "Change password", "Download your data", "Delete account…"} {
		if !seen[what] {
			t.Errorf("%s cannot be reached: %v", what, seen)
		}
	}
}

// An error takes the focus to the summary, whose links lead to the fields.
func TestErrorsTakeTheFocus(t *testing.T) {
	t.Parallel()
	server := testkit.Start(t)
	tab := signedIn(t, server)
	tab.Go(server.URL + "/account")
	tab.Replace("password-current_password", "wrongpass")
	tab.Replace("password-new_password", "password")
	if status := tab.Click("#password form > button"); status != 400 {
		t.Errorf("status %d", status)
	}
	tab.Await("document.activeElement.className === 'summary'")
	tab.Touch(".summary a")
	if id := browser.Evaluate[string](tab, "document.activeElement.id"); id != "password-new_password" {
		t.Errorf("the link leads to %q", id)
	}
	if title := browser.Evaluate[string](tab, "document.title"); !strings.HasPrefix(title, "Error: ") {
		t.Errorf("the title is %q", title)
	}
}

// With script, buttons say that they work, waits count down, and no form loses what was
// typed into it when another is sent.
func TestScripts(t *testing.T) {
	t.Parallel()
	server := testkit.Start(t, testkit.Throttled, testkit.Limits("account=1/10m"))
	tab := signedIn(t, server)
	tab.Go(server.URL + "/account")
	tab.Replace("email-email", "ada@example.org")
	tab.Replace("profile-name", "Ada Lovelace")
	tab.Click("#profile .primary")
	tab.Await("document.querySelector('.outcome').textContent === 'Profile saved.'")
	if typed := tab.Value("email"); typed != "ada@example.org" || strings.Contains(tab.Address(), "?") {
		t.Errorf("the other form has %q, at %s", typed, tab.Address())
	}

	for range 2 {
		tab.Replace("password-current_password", "wrongpass")
		tab.Replace("password-new_password", "another pass phrase")
		tab.Click("#password form > button")
	}
	tab.Await(`/Try again in \d+:\d\d\./.test(document.querySelector('.summary [aria-hidden]').textContent)`)
	if spoken := browser.Evaluate[string](tab, "document.querySelector('.spoken').textContent"); !strings.HasPrefix(spoken, "Too many attempts. Try again in ") {
		t.Errorf("screen readers get %q", spoken)
	}

	busy := browser.Evaluate[string](tab, `(() => {
		const button = document.querySelector('#profile .primary');
		document.addEventListener('submit', e => { window.sends = (window.sends ?? 0) + (e.defaultPrevented ? 0 : 1); e.preventDefault(); });
		button.click(); button.click();
		return button.textContent;
	})()`)
	tab.Await("document.querySelector('#profile .primary').textContent === 'One moment…'")
	if sends := browser.Evaluate[int](tab, "window.sends"); busy != "Save" || sends != 1 {
		t.Errorf("at first the button says %q; sent %d times", busy, sends)
	}
}
