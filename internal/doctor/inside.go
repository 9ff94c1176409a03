package doctor

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/operate"
	"github.com/cardea-accounts/cardea/internal/outbox"
	"github.com/cardea-accounts/cardea/internal/settings"
	"github.com/cardea-accounts/cardea/internal/smtp"
)

// mailPatience bounds the visit to the mail server.
const mailPatience = 20 * time.Second

// checkMail connects to the mail server and signs in, and sends nothing.
func (v *visit) checkMail(ctx context.Context) {
	s := v.Settings
	if s.SMTPURL == "" {
		const change = "CARDEA_SMTP_URL=smtp://user@mail.example.com:587"
		if s.EmailVerification == "required" || s.EmailLogin == "on" {
			v.wrong(change, "no mail server is set, but users need mail to sign in")
		} else {
			v.note(change, "no mail server is set: nobody gets a reset link")
		}
		return
	}
	public, _ := settings.ParsePublicURL(s.PublicURL) // validated
	ctx, cancel := context.WithTimeout(ctx, mailPatience)
	defer cancel()
	err := outbox.Settings{SMTPURL: s.SMTPURL, PasswordFile: s.SMTPPasswordFile, From: s.MailFrom, AppName: s.AppName, PublicURL: public}.CheckServer(ctx)
	if err == nil {
		v.ok("the mail server takes connections; cardea mail test ADDRESS sends a message")
		return
	}
	change, fault := "correct CARDEA_SMTP_URL, or start the mail server", (*smtp.Error)(nil)
	if errors.As(err, &fault) && fault.Hint != "" {
		change = fault.Hint
		fault.Hint = ""
	}
	v.wrong(change, "%s", err)
}

// checkData looks whether database and storage can be used.
func (v *visit) checkData(ctx context.Context) {
	isElsewhere := errors.Is(v.DataFault, operate.ErrNoData) && v.Settings.Data == cardea.Default().Data
	switch {
	case v.Data == nil && isElsewhere:
		v.note("run cardea doctor where the server runs, with its settings",
			"not checked: there is no data at %s", v.Settings.Data)
		return
	case v.Data == nil:
		v.wrong("what it says; or CARDEA_DATA=…, CARDEA_DATABASE=… and CARDEA_STORAGE=…, as the server has them", "%v", v.DataFault)
		return
	}
	failures := v.Data.Failures()
	for _, part := range slices.Sorted(maps.Keys(failures)) {
		v.wrong("see docs/deploy.md#watch-it, and run cardea check", "%s %s: %v", part, failures[part].What, failures[part].Err)
	}
	if len(failures) == 0 {
		v.ok("database and storage can be used")
	}
}
