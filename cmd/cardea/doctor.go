package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/doctor"
	"github.com/cardea-accounts/cardea/internal/settings"
)

// doctorCommand takes the settings of the server that matter to its users.
var doctorCommand = command{name: "doctor", run: runDoctor, settings: []string{
	"data", "database", "database-password-file", "storage", "data-access", "public-url", "trusted-proxies", "forwarded-host", "allowed-origins", "return-origins", "app-url", "hsts",
	"cookie-name", "cookie-domain", "cookie-samesite", "pages", "smtp-url", "smtp-password-file", "mail-from", "email-verification", "email-login", "app-name", "upload-max-bytes",
}, about: `
Finds what goes wrong silently between users and the server. It asks the server by
its URL, as users do: address, cookie, pages, proxy, uploads, other origins, https,
clock. It also connects to the mail server, and looks at the data if it is here.
Each line says what it saw, whether that is well, and what to change. It exits with
1 if something is wrong.

Run it with the settings of the server, on the machine where that runs. It changes
nothing, but leaves one event of a failed login to an account that does not exist.

Examples:
  cardea doctor --url https://accounts.example.com --data /var/lib/cardea
  cardea doctor --json
        the URL is that of CARDEA_PUBLIC_URL
`}

func runDoctor(ctx context.Context, in *invocation) error {
	address, err := in.doctorURL()
	if err != nil {
		return usageError{err}
	}
	opt := doctor.Options{URL: address, Settings: in.cfg, Now: time.Now}
	data, err := in.open(ctx)
	if err == nil {
		defer data.Close() //nolint:errcheck // it was only read
		opt.Data = data
	}
	opt.DataFault = err
	findings := doctor.Run(ctx, opt)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return in.printFindings(address, findings)
}

// doctorURL is the address to ask: that of the flag, else the public URL.
func (in *invocation) doctorURL() (*url.URL, error) {
	if in.url == "" && in.cfg.PublicURL == "" {
		return nil, errors.New("cardea doctor needs --url, the address that users have")
	}
	if in.url == "" {
		return settings.ParsePublicURL(in.cfg.PublicURL)
	}
	address, err := settings.ParsePublicURL(in.url)
	if err != nil {
		return nil, &cardea.SettingError{Setting: "--url", Value: in.url, Allowed: err.Error()}
	}
	return address, nil
}

func (in *invocation) printFindings(address *url.URL, findings []doctor.Finding) error {
	var err error
	if !doctor.IsHealthy(findings) {
		err = errReported
	}
	if in.json {
		return errors.Join(err, in.printJSON(struct {
			OK     bool             `json:"ok"`
			URL    string           `json:"url"`
			Checks []doctor.Finding `json:"checks"`
		}{err == nil, address.String(), findings}))
	}
	for _, f := range findings {
		state := string(f.State)
		if f.State == doctor.Wrong {
			state = strings.ToUpper(state)
		}
		in.printf("%-6s %-11s %s\n", state, f.Check, shown(oneLine(f.Saw)))
		if f.Change != "" {
			in.printf("%-6s %-11s change: %s\n", "", "", shown(f.Change))
		}
	}
	if err == nil {
		fmt.Fprintln(in.stdout, "Nothing is wrong.")
	}
	return err
}
