package outbox

import (
	"errors"
	"fmt"
	"io/fs"
	netmail "net/mail"
	"net/url"
	"os"
	"strings"

	"github.com/cardea-accounts/cardea/internal/mail"
	"github.com/cardea-accounts/cardea/internal/smtp"
	"github.com/cardea-accounts/cardea/internal/words"
)

// Settings are the settings of mail, as operators give them.
type Settings struct {
	SMTPURL      string // empty: no server
	PasswordFile string // empty: none
	From         string // empty: no-reply at the public host
	AppName      string
	PublicURL    *url.URL // nil: none
	Templates    string   // a folder; empty: none
}

// Words reads texts and templates. The error has a line for each fault.
func (s Settings) Words() (*words.Book, *mail.Composer, error) {
	var override fs.FS
	if s.Templates != "" {
		if info, err := os.Stat(s.Templates); err != nil || !info.IsDir() {
			return nil, nil, fmt.Errorf("templates: %s is not a folder that can be read; name one, or leave the setting out", s.Templates)
		}
		override = os.DirFS(s.Templates)
	}
	book, err := words.Load(override)
	if err != nil {
		return nil, nil, s.inTemplates(err)
	}
	app := mail.App{Name: s.AppName}
	if s.PublicURL != nil {
		app.URL = strings.TrimSuffix(s.PublicURL.String(), "/")
	}
	composer, err := mail.New(app, book, override)
	return book, composer, s.inTemplates(err)
}

// inTemplates says where faults are.
func (s Settings) inTemplates(err error) error {
	if err == nil {
		return nil
	}
	prefix := "templates: " + s.Templates + "/"
	return errors.New(prefix + strings.ReplaceAll(err.Error(), "\n", "\n"+prefix))
}

// Senders returns the connections to the mail server, which are not open yet; none without a
// server.
func (s Settings) Senders() ([]*smtp.Sender, error) {
	if s.SMTPURL == "" {
		return nil, nil
	}
	server, err := smtp.ParseURL(s.SMTPURL)
	if err != nil {
		return nil, err
	}
	from, err := s.Sender()
	if err != nil {
		return nil, err
	}
	how := smtp.Config{Server: server, From: from}
	if s.PasswordFile != "" {
		how.Password = func() (string, error) { return smtp.ReadPassword(s.PasswordFile) }
		if _, err := how.Password(); err != nil {
			return nil, fmt.Errorf("smtp-password-file: %w", err)
		}
	}
	senders := make([]*smtp.Sender, Connections)
	for i := range senders {
		senders[i] = smtp.New(how)
	}
	return senders, nil
}

// Sender is the address that mail comes from.
func (s Settings) Sender() (netmail.Address, error) {
	if s.From != "" {
		return smtp.ParseFrom(s.From)
	}
	host := "localhost"
	if s.PublicURL != nil {
		host = s.PublicURL.Hostname()
	}
	return netmail.Address{Name: s.AppName, Address: "no-reply@" + host}, nil
}
