package pages

import (
	"net/http"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/browser"
)

// outcomes are the pages that say what a form did, by the value of the cookie that it leaves.
var outcomes = map[string]string{
	"undo": "/undo?done", "reset": "/reset?done", "verify": "/verify?done", "verify-sent": "/verify?sent",
	"forgot": "/forgot?sent", "register": "/register?sent", "deleted": "/logout?deleted", "ended": "/login?ended",
	"account-password": "/account?done=password",
}

// A link alone does not make a page claim what did not happen. The browser in which it happened
// has a cookie for that, which other sites' links do not send.
func TestLinksClaimNothing(t *testing.T) {
	server := testkit.Start(t, development)
	user := registered(t, server, "ada@example.com")
	for outcome, path := range outcomes {
		visitor := browserOf(t, server)
		if strings.HasPrefix(path, "/account") {
			visitor = user
		}
		claim := func(value string) string {
			visitor.cookies["session-done"] = value
			visitor.keep(visitor.Get("/healthz")) // sends it from now on
			return string(visitor.Get(path).Want(200).Body)
		}
		plain, _, _ := strings.Cut(path, "?")
		for _, value := range []string{"", "other"} {
			if page := claim(value); page != string(visitor.Get(plain).Want(200).Body) {
				t.Errorf("with the cookie %q, %s claims: %s", value, path, page)
			}
		}
		if outcome != "register" && !strings.Contains(claim(outcome), `role="status"`) {
			t.Errorf("%s does not say what happened", path)
		}
	}
	answer := user.post("/account/profile", "name", "Ada", "language", "en")
	for _, cookie := range answer.Cookies {
		if cookie.Name == "session-done" && (cookie.SameSite != http.SameSiteStrictMode || !cookie.HttpOnly || cookie.MaxAge != 600) {
			t.Errorf("the cookie is %v", cookie)
		}
	}
	if user.cookies["session-done"] != "account-profile" {
		t.Errorf("the cookies are %v", user.cookies)
	}
}

// Everybody can use what waits to be confirmed: the button for another link, and a new address.
func TestWaitingAddressesAreAccessible(t *testing.T) {
	testkit.Long(t)
	t.Parallel()
	script := axe(t)
	server := testkit.Start(t, development, verifiesFirst)
	ada := server.NewClient(t)
	ada.Post("/api/register", testkit.Registration("Ada", "ada@example.com", "simplepass")).Want(202)
	tab := browser.Open(t, browser.Media("prefers-reduced-motion", "reduce"))
	check := func(state string) {
		t.Helper()
		for _, violation := range violations(tab, script, allRules) {
			t.Errorf("%s: %s", state, violation)
		}
	}
	tab.Go(server.URL + "/login")
	tab.Fill("email", "ada@example.com")
	tab.Fill("password", "simplepass")
	tab.Click("main button.primary")
	check("unverified")
	tab.Click("main button[name=send]")
	if text := tab.Text("[role=status]"); !strings.Contains(text, "ada@example.com waits to be confirmed") {
		t.Errorf("the page says %q", text)
	}
	tab.Go(newest(t, server, "ada@example.com", "verify").Link)
	tab.Click("main button.primary")

	tab.Go(server.URL + "/login")
	tab.Fill("email", "ada@example.com")
	tab.Fill("password", "simplepass")
	tab.Click("main button.primary")
	tab.Go(server.URL + "/account")
	tab.Fill("email", "new@example.com")
	tab.Click("#email form[data-keep] button")
	check("a change of address")
	tab.Click("#email button[name=cancel]")
	if text := tab.Text("#email .outcome"); text != "The change is cancelled. Your address is still ada@example.com." {
		t.Errorf("the page says %q", text)
	}
}
