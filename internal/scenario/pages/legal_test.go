package pages

import (
	"testing"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// Those who are not signed in find the operator's terms below each page.
func TestLegalLinks(t *testing.T) {
	server := testkit.Start(t, development, func(c *cardea.Config) {
		c.TermsURL, c.PrivacyURL = "https://example.com/terms?a=1&b=2", "http://example.com/privacy"
	})
	visitor, user := browserOf(t, server), registered(t, server, "ada@example.com")
	visitor.Header.Set("Accept-Language", "de")
	for _, path := range []string{"/", "/login", "/register", "/forgot", "/reset", "/verify", "/undo", "/logout"} {
		says(t, visitor.Get(path), 200, `<footer><nav aria-label="Rechtliches"><a href="https://example.com/terms?a=1&amp;b=2">Nutzungsbedingungen</a>`+
			`<a href="http://example.com/privacy">Datenschutzerklärung</a></nav></footer>`)
	}
	lacks(t, user.Get("/account"), "<footer>", "example.com/terms")
	lacks(t, browserOf(t, testkit.Start(t)).Get("/login"), "<footer>")
}

// An operator need not show the contract.
func TestNoDocs(t *testing.T) {
	visitor := browserOf(t, testkit.Start(t, func(c *cardea.Config) { c.Docs = "off" }))
	lacks(t, visitor.Get("/"), "docs", "For developers")
	says(t, visitor.Get("/docs"), 404, "Page not found")
	visitor.Header.Del("Accept")
	visitor.Get("/openapi.json").WantError(404, "not_found")
}
