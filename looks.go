package cardea

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/colour"
	"github.com/cardea-accounts/cardea/internal/settings"
	"github.com/cardea-accounts/cardea/internal/web"
	"github.com/cardea-accounts/cardea/internal/words"
)

// looks are what the pages look like. It reads logo and templates.
func (c Config) looks(book *words.Book) (web.Looks, error) {
	logo, err := web.ReadLogo(c.LogoFile)
	if err != nil {
		return web.Looks{}, fmt.Errorf("logo-file: %w", err)
	}
	var override fs.FS
	if c.Templates != "" {
		override = os.DirFS(c.Templates)
	}
	templates, err := web.ReadTemplates(override, book)
	if err != nil {
		prefix := "templates: " + c.Templates + "/"
		return web.Looks{}, errors.New(prefix + strings.ReplaceAll(err.Error(), "\n", "\n"+prefix))
	}
	looks := web.Looks{Words: book, Templates: templates, AppName: c.AppName, Logo: logo, SecurityContact: contactAddress(c.SecurityContact),
		Terms: c.TermsURL, Privacy: c.PrivacyURL, Off: c.Pages == "off", NoDocs: c.Docs == "off"}
	if c.AccentColor != "" {
		accent, _ := colour.Parse(c.AccentColor) // validated
		looks.Accent = &accent
	}
	return looks, nil
}

func checkColour(text string) error {
	if text == "" {
		return nil
	}
	_, err := colour.Parse(text)
	return err
}

func checkLink(address string) error {
	if strings.HasPrefix(address, "/") || settings.CheckAddress(address) != nil {
		return errors.New("an http or https address as browsers write it, such as https://example.com/terms")
	}
	return nil
}

func checkContact(text string) error {
	if text == "" || account.EmailProblem(text) == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.String() != text {
		return errors.New("an address such as security@example.com or https://example.com/security")
	}
	return nil
}

// contactAddress is a contact as security.txt has it (RFC 9116 section 2.5.3).
func contactAddress(contact string) string {
	if contact == "" || strings.HasPrefix(contact, "https://") {
		return contact
	}
	return (&url.URL{Scheme: "mailto", Opaque: url.PathEscape(contact)}).String()
}
