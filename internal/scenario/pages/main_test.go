package pages

import (
	"testing"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit/browser"
)

func TestMain(m *testing.M) { browser.Main(m) }

// development runs the server as cardea serve --dev does.
func development(c *cardea.Config) { c.Dev = true }

// withMailLogin lets users sign in by mail.
func withMailLogin(c *cardea.Config) { c.EmailLogin = "on" }
