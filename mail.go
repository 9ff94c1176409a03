package cardea

import (
	"errors"
	"fmt"
	"io/fs"
	mailaddress "net/mail"
	"os"
	"strings"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/mail"
	"github.com/cardea-accounts/cardea/internal/outbox"
	"github.com/cardea-accounts/cardea/internal/secret"
	"github.com/cardea-accounts/cardea/internal/settings"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/words"
)

// post is what mail consists of.
type post struct {
	book     *words.Book
	composer *mail.Composer
	outbox   *outbox.Outbox
}

// openMail reads texts and templates, and sets up the way to the mail server.
func (s *Server) openMail(db *store.DB, audit *guard.Audit, keys secret.Keys) (post, error) {
	book, composer, err := s.cfg.composer()
	if err != nil {
		return post{}, err
	}
	return post{book, composer, outbox.New(db, audit, outbox.Options{
		Keys: keys.Sub(secret.Outbox), KeepSent: s.cfg.Dev, Now: s.cfg.Clock, Log: s.cfg.Log,
	})}, nil
}

// composer reads the texts and templates of mails.
func (c Config) composer() (*words.Book, *mail.Composer, error) {
	var override fs.FS
	if c.Templates != "" {
		if info, err := os.Stat(c.Templates); err != nil || !info.IsDir() {
			return nil, nil, fmt.Errorf("templates: %s is not a folder that can be read; name one, or leave CARDEA_TEMPLATES out", c.Templates)
		}
		override = os.DirFS(c.Templates)
	}
	book, err := words.Load(override)
	if err != nil {
		return nil, nil, inTemplates(err)
	}
	composer, err := mail.New(mail.App{Name: c.AppName, URL: strings.TrimSuffix(c.PublicURL, "/")}, book, override)
	return book, composer, inTemplates(err)
}

// inTemplates says where faults in texts and templates are.
func inTemplates(err error) error {
	if err == nil {
		return nil
	}
	return errors.New("templates: " + strings.ReplaceAll(err.Error(), "\n", "\ntemplates: "))
}

// checkMail reports mail settings that do not go together.
func (c Config) checkMail() (errs []error) {
	if c.Dev && strings.HasPrefix(strings.ToLower(c.PublicURL), "https://") {
		errs = append(errs, settings.NewError("dev", "on", "leave it out with an https public-url, because it shows all mail to everybody"))
	}
	return errs
}

func checkSMTP(string) error { return nil }

func checkFrom(text string) error {
	if _, err := mailaddress.ParseAddress(text); text != "" && err != nil {
		return errors.New("an address, such as accounts@example.com or Acme <accounts@example.com>")
	}
	return nil
}
