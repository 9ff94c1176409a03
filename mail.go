package cardea

import (
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/mail"
	"github.com/cardea-accounts/cardea/internal/network"
	"github.com/cardea-accounts/cardea/internal/outbox"
	"github.com/cardea-accounts/cardea/internal/secret"
	"github.com/cardea-accounts/cardea/internal/settings"
	"github.com/cardea-accounts/cardea/internal/smtp"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/text"
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
	how := s.cfg.mailSettings()
	book, composer, err := how.Words()
	if err != nil {
		return post{}, err
	}
	senders, err := how.Senders()
	if err != nil {
		return post{}, err
	}
	box := outbox.New(db, audit, outbox.Options{
		Keys: keys.Sub(secret.Outbox), Composer: composer, Senders: senders, KeepSent: s.cfg.Dev, Now: s.cfg.Clock, Log: s.cfg.Log,
	})
	s.onClose(box.Close)
	return post{book, composer, box}, nil
}

func (c Config) mailSettings() outbox.Settings {
	return outbox.Settings{
		SMTPURL: c.SMTPURL, PasswordFile: c.SMTPPasswordFile, From: c.MailFrom,
		AppName: c.AppName, PublicURL: c.publicURL(), Templates: c.Templates,
	}
}

// mostAppName keeps the subjects of mails on one line of a mailbox, in bytes.
const mostAppName = 100

// checkMail reports mail settings that do not go together.
func (c Config) checkMail() (errs []error) {
	refuse := func(setting, value, allowed string) {
		errs = append(errs, settings.NewError(setting, value, allowed))
	}
	if public := c.publicURL(); c.Dev && public != nil && (public.Scheme == "https" || !network.IsLoopback(public.Hostname())) {
		refuse("dev", "on", "leave it out with a public-url that others can open, because it shows all mail")
	}
	if c.AppName != text.Printable(c.AppName, mostAppName) {
		refuse("app-name", text.Printable(c.AppName, mostAppName), "a name of at most 100 bytes, without line breaks")
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
	if from, err := c.mailSettings().Sender(); c.MailFrom == "" && (c.PublicURL == "" || err != nil || checkFrom(from.Address) != nil) {
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
