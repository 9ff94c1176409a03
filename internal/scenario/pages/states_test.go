package pages

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/browser"
)

// Every page, in every state: axe-core finds nothing wrong, it fits any screen, and it obeys
// the user's colours. German has the longest words. The other languages follow, for what
// seldom differs.
func TestEveryState(t *testing.T) {
	testkit.Long(t)
	script, err := fetchAxe() // without it, TestAccessibilityIsTested is skipped loudly, or fails
	for _, language := range []string{"de", "en", "es", "fr"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			walk(t, language, func(tab *browser.Tab, state string) {
				t.Helper()
				if got := browser.Evaluate[string](tab, "document.documentElement.lang"); got != language {
					t.Errorf("%s is in %s", state, got)
				}
				if err == nil {
					isAccessible(t, tab, state, script)
				}
				if language == "de" {
					fitsTheScreen(t, tab, state)
					obeysTheUser(t, tab, state)
				}
			})
		})
	}
}

// walk shows a tab every page in every state, in a language, and calls check for each.
func walk(t *testing.T, language string, check func(tab *browser.Tab, state string)) {
	t.Helper()
	server := testkit.Start(t, development, withMailLogin, func(c *cardea.Config) { c.AppName = strings.Repeat("Acme", 10) })
	newTab := func() *browser.Tab {
		return browser.Open(t, browser.Screen(1280, 800, false), browser.Language(language))
	}
	tab := newTab()
	open := func(path string) {
		t.Helper()
		outcome := outcomeOf(path)
		if outcome != "" {
			tab.SetCookie(server.URL, "session-done", outcome)
		}
		tab.Go(server.URL + path)
		if outcome != "" && outcome != "register" && !browser.Evaluate[bool](tab, "!!document.querySelector('[role=status]')") {
			t.Errorf("%s does not say what happened", path)
		}
		check(tab, path)
	}
	// refused sends a form of names and values, without the checks of the browser.
	refused := func(path, form string, values ...string) {
		t.Helper()
		tab.Go(server.URL + path)
		fields := map[string]string{}
		for i := 0; i < len(values); i += 2 {
			fields[values[i]] = values[i+1]
		}
		typed, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		if status := tab.EvaluateToPage(`(form => {
			form.noValidate = true;
			for (const [name, value] of Object.entries(` + string(typed) + `)) form.elements.namedItem(name).value = value;
			form.requestSubmit(form.querySelector('button:not([type=button])'));
		})(document.querySelector('` + form + `'))`); status < 400 {
			t.Errorf("%s: %s is not refused", path, form)
		}
		check(tab, path+" refused: "+form)
	}
	for _, path := range append(slices.Clone(all), "/dev/mail/aaaaaaaaaaaaaaaa") {
		open(path)
	}
	tab = newTab()
	refused("/register", "form", "email", "ada")
	refused("/login", "form[data-other]", "email", "ada@example.com", "password", "wrongpass")
	refused("/login?code", "form", "code", "BCDFGHJK")
	refused("/forgot", "form")
	refused("/reset#"+strings.Repeat("A", 26), "form", "new_password", "another pass phrase")
	tab.Go(server.URL)
	refused("/reset", "form", "email", "ada@example.com", "code", "BCDFGHJK", "new_password", "password")
	refused("/verify", "form", "code", "BCDFGHJK")
	refused("/undo", "form", "link", "nonsense")

	// Somebody with much of everything, and an address to confirm.
	longest := strings.Repeat("a", 64) + "@" + strings.Repeat(strings.Repeat("d", 61)+".", 3) + "co" // 253 bytes
	much := server.NewClient(t)
	much.Post("/api/register", testkit.Registration(strings.Repeat("W", 90)+"👩‍👩‍👧‍👦 🦄", longest, "simplepass")).Want(201)
	much.JSON("PATCH", "/api/user", map[string]any{"language": language}).Want(200)
	much.Upload("me.png", testkit.PNG(300, 200)).Want(200)
	for range 51 {
		server.Login(t, longest)
	}
	tab = newTab()
	signIn(tab, server, longest)
	for _, path := range []string{"/", "/account", "/logout", "/verify"} {
		open(path)
	}
	tab.Go(server.URL + "/verify")
	tab.Click("main form:last-of-type button") // sends the link again
	check(tab, "/verify after the button")

	// Somebody with little, whose name is Arabic.
	server.Clock.Advance(time.Second)
	little := browserOf(t, server)
	little.keep(little.Post("/api/register", testkit.Registration("محمد بن عبد الله الخوارزمي", "m@example.com", "simplepass")).Want(201))
	little.Client.Cookie = little.cookies["session"]
	little.JSON("PATCH", "/api/user", map[string]any{"language": language}).Want(200)
	little.post("/verify", "token", newest(t, server, "m@example.com", "verify").token()).Want(303)
	tab = newTab()
	signIn(tab, server, "m@example.com")
	for _, path := range []string{"/", "/account?done=profile", "/account?done=sessions"} {
		open(path)
	}
	tab.Choose("picture-profile_pic", halves(t, 400, 200))
	tab.Await(`document.getElementById("crop").open`)
	check(tab, "the square of a picture")
	server.Clock.Advance(10 * time.Minute) // passwords are asked for
	refused("/account", "#profile form[data-keep]", "name", " ")
	refused("/account", "#picture form")
	refused("/account", "#email form[data-keep]", "email", "nonsense")
	refused("/account", "#password form", "current_password", "wrongpass", "new_password", "password")
	refused("/account", "#sessions > form", "current_password", "wrongpass")
	refused("/account", "#delete form", "current_password", "wrongpass")
}

// outcomeOf is what a page says that a form did; empty: nothing.
func outcomeOf(path string) string {
	if outcome, ok := strings.CutPrefix(path, "/account?done="); ok {
		return "account-" + outcome
	}
	for outcome, page := range outcomes {
		if page == path {
			return outcome
		}
	}
	return ""
}

func signIn(tab *browser.Tab, server *testkit.Server, email string) {
	tab.Go(server.URL + "/login")
	tab.Fill("email", email)
	tab.Fill("password", "simplepass")
	tab.Click("main form:not([hidden]) button.primary")
}
