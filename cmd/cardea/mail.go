package main

import (
	"context"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/operate"
	"github.com/cardea-accounts/cardea/internal/outbox"
	"github.com/cardea-accounts/cardea/internal/settings"
)

const mailUsage = `Usage: cardea mail COMMAND [flags]

Shows mail that is not sent yet, and tests the way to the mail server.

  cardea mail list           list the messages in the outbox
  cardea mail show ID        show a message as it will be sent
  cardea mail test ADDRESS   send a test message and print the server's words

For details run a command with --help, such as "cardea mail test --help".
`

var (
	composing = []string{"app-name", "templates", "public-url"}
	sending   = append(slices.Clone(composing), "smtp-url", "smtp-password-file", "mail-from")
)

var mailCommands = map[string]command{
	"list": {name: "mail list", settings: where, run: onData(listMail), about: `
Lists the messages in the outbox, the newest first. Messages that were sent are
gone. Without a mail server all stay until they expire.

Examples:
  cardea mail list
  cardea mail list --limit 500 --json
`},
	"show": {name: "mail show", argument: "ID", settings: append(slices.Clone(where), composing...), run: onData(showMail), about: `
Shows a message in the outbox as it will be sent, with its link and code. Whoever
sees them can use them.

Example:
  cardea mail show k3v9x2q7mzt4hw5e
`},
	"test": {name: "mail test", argument: "ADDRESS", settings: sending, run: testMail, about: `
Sends a test message to an address and prints the server's words. It needs no
data folder.

Example:
  cardea mail test ann@example.com --smtp-url smtp://user@mail.example.com:587 \
    --smtp-password-file password.txt --mail-from accounts@example.com
`},
}

func (p program) mail(ctx context.Context, args []string) int {
	return p.group(ctx, "mail", mailUsage, mailCommands, args)
}

func (in *invocation) mailSettings() outbox.Settings {
	public, _ := settings.ParsePublicURL(in.cfg.PublicURL) // validated
	return outbox.Settings{
		SMTPURL: in.cfg.SMTPURL, PasswordFile: in.cfg.SMTPPasswordFile, From: in.cfg.MailFrom,
		AppName: in.cfg.AppName, PublicURL: public, Templates: in.cfg.Templates,
	}
}

type mailJSON struct {
	ID        string `json:"id"`
	To        string `json:"to"`
	Kind      string `json:"kind"`
	State     string `json:"state"` // waiting or given up
	Attempts  int    `json:"attempts"`
	Error     string `json:"error,omitempty"`
	CreatedAt string `json:"created_at"`
	SendAt    string `json:"send_at"`
	ExpiresAt string `json:"expires_at"`
}

func toMailJSON(e outbox.Entry) mailJSON {
	state := "waiting"
	if e.GaveUp {
		state = "given up"
	}
	return mailJSON{
		ID: e.ID, To: e.Message.To, Kind: e.Kind, State: state, Attempts: e.Attempts, Error: e.Error,
		CreatedAt: e.CreatedAt.Format(time.RFC3339), SendAt: e.SendAt.Format(time.RFC3339), ExpiresAt: e.ExpiresAt.Format(time.RFC3339),
	}
}

func listMail(ctx context.Context, in *invocation, data *operate.Data) error {
	entries, err := data.Mails(ctx, in.limit)
	if err != nil {
		return err
	}
	entries = slices.DeleteFunc(entries, func(e outbox.Entry) bool { return e.Kind == string(outbox.Decoy) })
	if in.json {
		for _, e := range entries {
			if err := in.printJSON(toMailJSON(e)); err != nil {
				return err
			}
		}
		return nil
	}
	if len(entries) == 0 {
		in.printf("The outbox is empty.\n")
		return nil
	}
	out := tabwriter.NewWriter(in.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "ID\tTO\tKIND\tSTATE\tSINCE\tATTEMPTS\tLAST ERROR")
	for _, e := range entries {
		m := toMailJSON(e)
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%d\t%s\n", m.ID, shown(m.To), m.Kind, m.State, stamp(e.CreatedAt), m.Attempts, shown(m.Error))
	}
	return out.Flush()
}

func showMail(ctx context.Context, in *invocation, data *operate.Data) error {
	e, err := data.Mail(ctx, in.argument)
	switch {
	case err != nil:
		return err
	case e.GaveUp:
		return fmt.Errorf("this message was given up, and its content is gone: %s", e.Error)
	case e.Err != nil:
		return e.Err
	}
	_, composer, err := in.mailSettings().Words()
	if err != nil {
		return err
	}
	m, err := composer.Compose(e.Message)
	if err != nil {
		return err
	}
	if in.json {
		return in.printJSON(struct {
			mailJSON
			Subject string `json:"subject"`
			Text    string `json:"text"`
			HTML    string `json:"html"`
			Link    string `json:"link"`
			Code    string `json:"code"`
		}{toMailJSON(e), m.Subject, m.Text, m.HTML, e.Message.Link, e.Message.Code})
	}
	in.printf("To: %s\nSubject: %s\n\n%s", shown(e.Message.To), m.Subject, m.Text)
	return nil
}

func testMail(ctx context.Context, in *invocation) error {
	if problem := account.EmailProblem(in.argument); problem != "" {
		return usageError{fmt.Errorf("%q: %s", in.argument, problem)}
	}
	reply, err := in.mailSettings().SendTest(ctx, in.argument, time.Now())
	if err != nil {
		return err
	}
	if in.json {
		return in.printJSON(struct {
			OK    bool   `json:"ok"`
			Reply string `json:"reply"`
		}{true, reply})
	}
	in.printf("The mail server has taken the message. It says: %s\n", reply)
	return nil
}
