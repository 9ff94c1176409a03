package pages

import (
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

// While cardea move has paused writes, pages say in the user's language that maintenance is in
// progress. Nobody knows how long it takes, so nothing is counted down.
func TestFormsDuringAMove(t *testing.T) {
	server := testkit.Start(t)
	ada := registered(t, server, "ada@example.com")
	house.Pause(t, server.Data)
	for path, fields := range map[string][]string{
		"/login":           {"email", "ada@example.com", "password", "simplepass"},
		"/register":        {"name", "Bob", "email", "bob@example.com", "password", "simplepass"},
		"/forgot":          {"email", "ada@example.com"},
		"/account/profile": {"name", "Ada L."},
		"/logout":          {},
	} {
		for language, text := range map[string]string{
			"en": "Maintenance is in progress, so nothing can be saved at the moment. Nothing was changed. Try again in a few minutes.",
			"de": "Der Dienst wird gerade gewartet und kann nichts speichern. Nichts wurde geändert. Versuchen Sie es in einigen Minuten noch einmal.",
		} {
			ada.Header.Set("Accept-Language", language)
			page := ada.post(path, fields...)
			says(t, page, 503, text)
			lacks(t, page, "data-wait=")
			if retry := page.Header.Get("Retry-After"); retry != "10" {
				t.Errorf("%s: Retry-After %q", path, retry)
			}
		}
	}
	says(t, ada.Get("/account"), 200, `value="Ada"`)
}
