package cardea

import (
	"errors"
	"fmt"

	"github.com/cardea-accounts/cardea/internal/database"
	"github.com/cardea-accounts/cardea/internal/datadir"
	"github.com/cardea-accounts/cardea/internal/flask"
	"github.com/cardea-accounts/cardea/internal/password"
	"github.com/cardea-accounts/cardea/internal/settings"
)

// Validate reports every setting whose value is not allowed, as [*SettingError]
// joined by [errors.Join].
func (c Config) Validate() error {
	c = c.withDefaults()
	var errs []error
	for _, s := range c.Settings() {
		errs = append(errs, s.Check())
	}
	if c.DatabasePasswordFile != "" && !database.IsAddress(c.Database) {
		errs = append(errs, settings.NewError("database-password-file", c.DatabasePasswordFile, "a file with the password for the server that database names, or leave it out: a SQLite file has none"))
	}
	if !c.FlaskUntil.IsZero() && c.FlaskSecretKeyFile == "" {
		errs = append(errs, settings.NewError("flask-secret-key-file", "", "a file with the SECRET_KEY of the Flask app, or leave flask-until out"))
	}
	if c.FlaskMaxAge > flask.Lifetime {
		errs = append(errs, settings.NewError("flask-max-age", settings.PrintDuration(c.FlaskMaxAge), "a time of at most 31d, for which Cardea remembers who has signed out"))
	}
	return errors.Join(append(append(errs, c.checkCookie()...), c.checkMail()...)...)
}

// checkCookie reports cookie settings that browsers would not follow.
func (c Config) checkCookie() (errs []error) {
	public, err := settings.ParsePublicURL(c.PublicURL)
	if err != nil {
		return nil // reported already
	}
	refuse := func(setting, value, allowed string) {
		errs = append(errs, settings.NewError(setting, value, allowed))
	}
	isHTTPS := public != nil && public.Scheme == "https"
	if settings.NeedsHTTPS(c.CookieName) && !isHTTPS {
		refuse("cookie-name", c.CookieName, "the prefixes __Host- and __Secure- need an https public-url, because browsers drop the cookie otherwise")
	}
	if c.CookieSameSite == "none" && !isHTTPS {
		refuse("cookie-samesite", c.CookieSameSite, "none needs an https public-url, because browsers drop the cookie otherwise")
	}
	if _, err := settings.ParseCookieDomain(c.CookieDomain, public); err != nil {
		refuse("cookie-domain", c.CookieDomain, err.Error())
	}
	if c.CookieDomain != "" && settings.IsHostOnly(c.CookieName) {
		refuse("cookie-domain", c.CookieDomain, "leave it out, or use a cookie-name without __Host-: browsers drop a __Host- cookie that has a domain")
	}
	return errs
}

// Warnings lists settings that are allowed but unwise, a sentence each. Among them are files with a
// secret that others can read: a refusal would stop servers whose files are mounted so.
func (c Config) Warnings() []string {
	c = c.withDefaults()
	var warnings []string
	if !(password.Params{Memory: c.Argon2Memory, Time: c.Argon2Time}).MeetsOWASP() {
		warnings = append(warnings, fmt.Sprintf("argon2-memory %d with argon2-time %d is weaker than OWASP's minimum for passwords; "+
			"use this for tests only", c.Argon2Memory, c.Argon2Time))
	}
	if c.SessionIdle > c.SessionMax && c.SessionIdle != Default().SessionIdle {
		warnings = append(warnings, fmt.Sprintf("session-idle %s is longer than session-max %s, so it has no effect",
			settings.PrintDuration(c.SessionIdle), settings.PrintDuration(c.SessionMax)))
	}
	for _, secret := range []struct{ setting, file string }{
		{"database-password-file", c.DatabasePasswordFile}, {"smtp-password-file", c.SMTPPasswordFile}, {"flask-secret-key-file", c.FlaskSecretKeyFile},
	} {
		if err := datadir.RefuseOpenFile(secret.file); err != nil && c.DataAccess == "private" {
			warnings = append(warnings, fmt.Sprintf("%s: %v; or allow it with data-access any", secret.setting, err))
		}
	}
	return warnings
}
