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
	"github.com/cardea-accounts/cardea/internal/smtp"
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
	senders, err := s.cfg.senders()
	if err != nil {
		return post{}, err
	}
	box := outbox.New(db, audit, outbox.Options{
		Keys: keys.Sub(secret.Outbox), Composer: composer, Senders: senders, KeepSent: s.cfg.Dev, Now: s.cfg.Clock, Log: s.cfg.Log,
	})
	s.onClose(box.Close)
	return post{book, composer, box}, nil
}

// senders are the connections to the mail server; none without a server.
func (c Config) senders() ([]*smtp.Sender, error) {
	if c.SMTPURL == "" {
		return nil, nil
	}
	server, err := smtp.ParseURL(c.SMTPURL)
	if err != nil {
		return nil, err // validated
	}
	from, err := c.mailFrom()
	if err != nil {
		return nil, err // validated
	}
	how := smtp.Config{Server: server, From: from}
	if c.SMTPPasswordFile != "" {
		how.Password = func() (string, error) { return smtp.ReadPassword(c.SMTPPasswordFile) }
		if _, err := how.Password(); err != nil {
			return nil, fmt.Errorf("smtp-password-file: %w", err)
		}
	}
	senders := make([]*smtp.Sender, outbox.Connections)
	for i := range senders {
		senders[i] = smtp.New(how)
	}
	return senders, nil
}

// mailFrom is the address that mail comes from.
func (c Config) mailFrom() (mailaddress.Address, error) {
	if c.MailFrom != "" {
		return smtp.ParseFrom(c.MailFrom)
	}
	host := "localhost"
	if public := c.publicURL(); public != nil {
		host = public.Hostname()
	}
	return mailaddress.Address{Name: c.AppName, Address: "no-reply@" + host}, nil
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
	refuse := func(setting, value, allowed string) {
		errs = append(errs, settings.NewError(setting, value, allowed))
	}
	if c.Dev && strings.HasPrefix(strings.ToLower(c.PublicURL), "https://") {
		refuse("dev", "on", "leave it out with an https public-url, because it shows all mail to everybody on this machine")
	}
	if c.SMTPURL == "" {
		return errs
	}
	server, err := smtp.ParseURL(c.SMTPURL)
	switch {
	case err != nil:
		return errs // reported already
	case server.User != "" && c.SMTPPasswordFile == "":
		refuse("smtp-password-file", "", "a file with the password of the user in smtp-url")
	case server.User == "" && c.SMTPPasswordFile != "":
		refuse("smtp-url", c.SMTPURL, "name the user too, as in smtp://user@"+server.Host+", or leave smtp-password-file out")
	}
	if from, err := c.mailFrom(); c.MailFrom == "" && (c.PublicURL == "" || err != nil || checkFrom(from.Address) != nil) {
		refuse("mail-from", "", "an address that mail comes from, such as Acme <accounts@example.com>")
	}
	return errs
}

func checkSMTP(text string) error {
	if text == "" {
		return nil
	}
	_, err := smtp.ParseURL(text)
	return err
}

func checkFrom(text string) error {
	if text == "" {
		return nil
	}
	_, err := smtp.ParseFrom(text)
	return err
}
