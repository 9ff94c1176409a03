package cardea

import (
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea/internal/database"
	"github.com/cardea-accounts/cardea/internal/flask"
	"github.com/cardea-accounts/cardea/internal/password"
	"github.com/cardea-accounts/cardea/internal/settings"
	"github.com/cardea-accounts/cardea/internal/storage"
)

// Config has the settings of a [Server]. The zero value of each field means the
// value that [Default] gives it.
type Config struct {
	// Data is the folder for the database, the pictures and secret.key.
	Data string
	// Database is the SQLite file, or the address of a PostgreSQL server, such as
	// postgres://cardea@db.example.com/cardea. Empty: cardea.db in the data folder.
	Database string
	// DatabasePasswordFile is a file with the password for a PostgreSQL server. Empty: the
	// password comes from PGPASSFILE or PGPASSWORD, or none is needed.
	DatabasePasswordFile string
	// Storage is the folder for pictures, or a bucket such as s3://bucket/prefix?region=…, whose
	// credentials come from the environment (docs/s3.md). Empty: pictures in the data folder.
	Storage string

	// DataAccess is private or any. Private refuses to start if others on the machine can
	// read or change the data folder, the database or secret.key.
	DataAccess string

	// PublicURL is the address that users see, http or https. Empty: http:// and
	// the request's own Host.
	PublicURL string
	// TrustedProxies are the networks of proxies whose headers X-Forwarded-For and -Proto
	// are trusted.
	TrustedProxies []netip.Prefix
	// ForwardedHost is off or on. On: without a PublicURL, X-Forwarded-Host of a trusted
	// proxy names the host in links. The proxy must set it, or clients can.
	ForwardedHost string
	// AllowedOrigins are other origins whose pages may call the API, such as
	// https://app.example.com.
	AllowedOrigins []string
	// ReturnOrigins are other origins to which the pages may lead back, such as
	// https://app.example.com.
	ReturnOrigins []string
	// AppURL is where the pages lead after a sign-in without an address to return to: an
	// http or https address, or a path. Empty: the home page.
	AppURL string
	// HSTS is the scope of Strict-Transport-Security, which is sent under https only:
	// host, subdomains or off.
	HSTS string

	// CookieName is the name of the session cookie.
	CookieName string
	// CookieDomain lets apps on subdomains see the session cookie. It is the host of
	// PublicURL or a parent of it. Empty: only the host itself gets the cookie.
	CookieDomain string
	// CookieSameSite is lax, strict or none. None needs an https PublicURL.
	CookieSameSite string

	// SessionIdle is the time after which an unused session expires.
	SessionIdle time.Duration
	// SessionMax is the time after which every session expires.
	SessionMax time.Duration
	// SessionsPerUser is the number of sessions a user has at most. One more login ends the
	// session that was unused longest.
	SessionsPerUser int
	// SessionCache is the number of sessions kept in memory, about 1 KiB each.
	SessionCache int

	// FlaskSecretKeyFile is a file with the SECRET_KEY of a Flask app, whose session cookies are
	// taken in exchange for sessions: one key a line, the newest first. Empty: none are taken.
	FlaskSecretKeyFile string
	// FlaskUntil is the last day, in UTC, on which cookies of the Flask app are accepted. Zero: 31
	// days after the first start with FlaskSecretKeyFile.
	FlaskUntil time.Time
	// FlaskMaxAge is the age of the oldest cookies of the Flask app that are accepted: its
	// PERMANENT_SESSION_LIFETIME, at most 31 days.
	FlaskMaxAge time.Duration
	// FlaskUserKeys are the keys of the app's session that name a user who has signed in, by
	// id or e-mail address, separated by commas. Those that are there must agree.
	FlaskUserKeys string
	// FlaskCookieName is the SESSION_COOKIE_NAME of the Flask app.
	FlaskCookieName string

	// Argon2Memory is the memory of a password hash in KiB.
	Argon2Memory uint32
	// Argon2Time is the number of passes of a password hash over its memory.
	Argon2Time uint32
	// BreachedPasswords is a file of SHA-1 hashes of passwords that are refused, as
	// the downloader of Have I Been Pwned writes it. Empty: none.
	BreachedPasswords string
	// RateLimit is on or off. Off lifts all limits on attempts, for load tests.
	RateLimit string
	// Limits are the limits on attempts that differ from the defaults, such as
	// account=20/10m,register=10/1d.
	Limits string

	// UploadMaxBytes is the size of the largest picture file in bytes.
	UploadMaxBytes int64
	// UploadMaxPixels is the size of the largest picture in pixels.
	UploadMaxPixels int

	// Registration is open or closed. Closed: only operators can add users.
	Registration string

	// SMTPURL is the mail server, such as smtp://user@mail.example.com:587 or smtps://….
	// Empty: mail stays in the outbox.
	SMTPURL string
	// SMTPPasswordFile is a file with the password of the user in SMTPURL.
	SMTPPasswordFile string
	// MailFrom is the address that mail comes from, such as Acme <accounts@example.com>.
	MailFrom string
	// EmailVerification is optional or required. Required lets nobody sign in before they
	// have confirmed their address.
	EmailVerification string
	// EmailLogin is off or on. On lets users sign in with a code by mail.
	EmailLogin string
	// AppName is what mails and pages call the app.
	AppName string
	// Pages is on or off. Off: Cardea answers programs only, and the app has the pages that
	// the links in mails lead to.
	Pages string
	// LogoFile is a picture that the pages show in place of AppName: SVG, PNG, JPEG or WebP,
	// at most 256 KiB. Empty: none.
	LogoFile string
	// AccentColor is the colour of buttons and links, such as #1a56c4. Empty: blue.
	AccentColor string
	// SecurityContact is whom to tell of a weakness, in /.well-known/security.txt: an e-mail
	// address or an https address. Empty: there is no such file.
	SecurityContact string
	// TermsURL and PrivacyURL are what the pages link to as terms of use and privacy policy:
	// http or https addresses. Empty: there is no such link.
	TermsURL, PrivacyURL string
	// Docs is on or off. Off: neither /docs nor /openapi.json is there, and no page links to them.
	Docs string
	// Templates is a folder whose texts and templates replace the embedded ones.
	Templates string
	// Dev is for development: /dev/mail shows every message. It is refused with an https
	// PublicURL, and by Serve on a listener that others can reach.
	Dev bool

	// AuditKeep is how long audit events are kept.
	AuditKeep time.Duration
	// LogRequests says which requests are logged: events (those that change something,
	// fail, or take longer than a second) or all.
	LogRequests string

	// TuneRuntime lets the server raise GOMAXPROCS by the number of its workers for
	// CPU-heavy jobs, until [Server.Close]. This affects the whole program. It keeps
	// cheap requests fast while passwords are hashed and pictures decoded.
	TuneRuntime bool
	// Memory is how much memory the process may use in bytes, such as the limit of its
	// container. Hashes, uploads and pictures take their parts of it. Below 128 MiB ordinary
	// pictures are refused; from 640 MiB on, more makes no difference. Zero: no limit.
	Memory int64
	// Log is where the log goes. Nil: slog.Default().
	Log *slog.Logger
	// Clock tells the time. Nil: time.Now. A jump of a clock whose times have a monotonic
	// reading is followed after 15 minutes.
	Clock func() time.Time
}

// Setting is one setting of a [Config], for programs that read flags or the environment.
// It has a Name such as session-idle, a Default as text, a Help, and a method Set that
// parses a text.
type Setting = settings.Setting

// SettingError is a setting with a value that is not allowed. Its fields are Setting (the
// name), Value, and Allowed, which says what is allowed.
type SettingError = settings.Error

// Bounds of settings, wide enough for every use.
const (
	maxUploadBytes  = 1 << 30
	maxUploadPixels = 1 << 30
	maxSessionCache = 100_000_000 // about 1 KiB each

	maxSessionsPerUser = 10_000
)

// Settings lists the settings of c. Setting one changes c. The fields TuneRuntime, Memory, Log
// and Clock are for code only, so they are not listed.
func (c *Config) Settings() []Setting {
	return slices.Concat(
		settings.In("Data",
			settings.Text("data", &c.Data, "cardea-data", "`folder` for the database, the pictures and secret.key", noScheme("the path of a folder")),
			settings.Text("database", &c.Database, "", "SQLite `file`, or the address of a PostgreSQL database, such as postgres://cardea@db.example.com/cardea, "+
				"see docs/postgres.md", database.Check).Without("cardea.db in the data folder"),
			settings.Text("database-password-file", &c.DatabasePasswordFile, "", "`file` with the password for the PostgreSQL server").
				Without("PGPASSFILE or PGPASSWORD, or no password"),
			settings.Text("storage", &c.Storage, "", "`folder` for the pictures, or a bucket such as s3://bucket/prefix?endpoint=https://s3.example.com, see docs/s3.md",
				storage.Check).Without("pictures in the data folder"),
			settings.Choice("data-access", &c.DataAccess, "`who` may have access to the data on this machine: private (owner and group), or any", "private", "any"),
			settings.Duration("audit-keep", &c.AuditKeep, 90*settings.Day, time.Hour, "`time` for which audit events, such as logins, are kept")),
		settings.In("Address and other sites",
			settings.Text("public-url", &c.PublicURL, "", "`address` that users see, such as https://accounts.example.com",
				settings.CheckPublicURL).Without("http:// and the request's own Host"),
			settings.Networks("trusted-proxies", &c.TrustedProxies, "`networks` and addresses of proxies, separated by commas, whose X-Forwarded-For "+
				"and X-Forwarded-Proto are trusted").Without("none"),
			settings.Choice("forwarded-host", &c.ForwardedHost, "without a public-url, use X-Forwarded-Host of a trusted proxy as the host in links: off, or `on` "+
				"if the proxy always sets that header; otherwise clients could set it", "off", "on"),
			settings.Origins("allowed-origins", &c.AllowedOrigins, "other `origins`, separated by commas, whose pages may call the API, such as https://app.example.com").Without("none"),
			settings.Origins("return-origins", &c.ReturnOrigins, "other `origins`, separated by commas, to which the parameter next of the pages may lead back, such as https://app.example.com").Without("none"),
			settings.Text("app-url", &c.AppURL, "", "`address` or path of the app, to which the pages lead back without next, such as https://app.example.com/",
				settings.CheckAddress).Without("the home page"),
			settings.Choice("hsts", &c.HSTS, "`scope` of Strict-Transport-Security under https: host, subdomains, or off", "host", "subdomains", "off")),
		settings.In("Cookie and sessions",
			settings.Text("cookie-name", &c.CookieName, "session", "`name` of the session cookie; with an https public-url, __Host-session is safer", settings.CheckCookieName),
			settings.Text("cookie-domain", &c.CookieDomain, "", "`domain` whose hosts all get the session cookie, such as example.com for app.example.com").
				Without("the server's own host only"),
			settings.Choice("cookie-samesite", &c.CookieSameSite, "SameSite `policy` of the cookie: lax, strict, or none, which is for an app on another site and needs an https public-url", "lax", "strict", "none"),
			settings.Duration("session-idle", &c.SessionIdle, 14*settings.Day, time.Second, "`time` after which an unused session expires"),
			settings.Duration("session-max", &c.SessionMax, 90*settings.Day, time.Second, "`time` after which every session expires"),
			settings.Int("sessions-per-user", &c.SessionsPerUser, 100, 1, maxSessionsPerUser, "largest `number` of sessions of a user; one more ends the one that was unused longest"),
			settings.Int("session-cache", &c.SessionCache, 50_000, 1, maxSessionCache, "`number` of sessions kept in memory, about 1 KiB each")),
		settings.In("Moving from Flask",
			settings.Text("flask-secret-key-file", &c.FlaskSecretKeyFile, "", "`file` with the SECRET_KEY of a Flask app, one per line, the newest first: its session cookies are "+
				"exchanged for sessions, see docs/flask-cookies.md").Without("none are accepted"),
			settings.Date("flask-until", &c.FlaskUntil, "last `date` on which cookies of the Flask app are accepted, such as 2027-01-31, in UTC").
				Without("31 days after the first start with flask-secret-key-file"),
			settings.Duration("flask-max-age", &c.FlaskMaxAge, flask.Lifetime, time.Second, "`time` for which cookies of the Flask app are accepted, its PERMANENT_SESSION_LIFETIME, at most 31d"),
			settings.Text("flask-user-keys", &c.FlaskUserKeys, flask.UserKeys, "`keys` of the app's session that name the signed-in user, separated by commas; those that are set must agree", checkUserKeys),
			settings.Text("flask-cookie-name", &c.FlaskCookieName, flask.CookieName, "`name` of the app's session cookie, its SESSION_COOKIE_NAME", settings.CheckCookieName)),
		settings.In("Registration and passwords",
			settings.Choice("registration", &c.Registration, "`who` can add users: open (everybody registers) or closed (operators only, by cardea user add)", "open", "closed"),
			settings.Int("argon2-memory", &c.Argon2Memory, password.Default.Memory, password.MinMemory, password.MaxMemory, "memory of a password hash in `KiB`"),
			settings.Int("argon2-time", &c.Argon2Time, password.Default.Time, 1, password.MaxTime, "`passes` of a password hash over its memory"),
			settings.Text("breached-passwords", &c.BreachedPasswords, "", "`file` with SHA-1 hashes of passwords to refuse, in the form that the Have I Been Pwned downloader writes").Without("none"),
			settings.Choice("rate-limit", &c.RateLimit, "`switch` of all limits on attempts: on, or off for load tests", "on", "off"),
			settings.Text("limits", &c.Limits, settings.DefaultLimits, "`limits` to change, as name=attempts/time: wrong passwords for one account (account) and from one address (address), "+
				"registrations from one address (register), and mail (mail-…), see docs/throttling.md", checkLimits)),
		settings.In("Mail",
			settings.Text("smtp-url", &c.SMTPURL, "", "`address` of the mail server, such as smtp://user@mail.example.com:587 or smtps://mail.example.com", checkSMTP).
				Without("none: mail stays in the outbox, see cardea mail"),
			settings.Text("smtp-password-file", &c.SMTPPasswordFile, "", "`file` with the password of the user in smtp-url").Without("none"),
			settings.Text("mail-from", &c.MailFrom, "", "`address` that mail comes from, such as Acme <accounts@example.com>", checkFrom).
				Without("no-reply at the host of public-url"),
			settings.Choice("email-verification", &c.EmailVerification, "`whether` users must confirm their address before they can sign in: optional or required", "optional", "required"),
			settings.Choice("email-login", &c.EmailLogin, "`whether` users can sign in with a code by mail: off or on", "off", "on"),
			settings.Text("app-name", &c.AppName, "Cardea", "`name` of the app in mails and pages"),
			settings.Switch("dev", &c.Dev, "`switch` for development: show all mail at /dev/mail; needs a loopback listener, and no https public-url"),
			settings.Text("templates", &c.Templates, "", "`folder` whose texts and templates replace the embedded ones, see docs/branding.md").Without("none")),
		settings.In("Pages",
			settings.Choice("pages", &c.Pages, "`switch` of the pages for browsers: on, or off if the app has pages of its own, see docs/pages.md", "on", "off"),
			settings.Text("logo-file", &c.LogoFile, "", "`file` with a logo in place of app-name: SVG, PNG, JPEG or WebP, at most 256 KiB").Without("none"),
			settings.Text("accent-color", &c.AccentColor, "", "`colour` of buttons and links, such as #1a56c4; text on it gets a readable colour", checkColour).Without("blue"),
			settings.Text("security-contact", &c.SecurityContact, "", "e-mail or https `address` for reports of vulnerabilities, shown in /.well-known/security.txt", checkContact).Without("none"),
			settings.Text("terms-url", &c.TermsURL, "", "`address` of the terms of use, which the pages link to, such as https://example.com/terms", checkLink).Without("none"),
			settings.Text("privacy-url", &c.PrivacyURL, "", "`address` of the privacy policy, which the pages link to, such as https://example.com/privacy", checkLink).Without("none"),
			settings.Choice("docs", &c.Docs, "`switch` of the API documentation at /docs and /openapi.json: on or off", "on", "off")),
		settings.In("Pictures",
			settings.Int("upload-max-bytes", &c.UploadMaxBytes, 10<<20, 1, maxUploadBytes, "size of the largest picture file in `bytes`"),
			settings.Int("upload-max-pixels", &c.UploadMaxPixels, 50_000_000, 1, maxUploadPixels, "size of the largest picture in `pixels`")),
		settings.In("Log",
			settings.Choice("log", &c.LogRequests, "`requests` to log: events (changes, errors, and requests slower than a second) or all", "events", "all")),
	)
}

func noScheme(allowed string) func(string) error {
	return func(path string) error {
		if strings.Contains(path, "://") {
			return errors.New(allowed)
		}
		return nil
	}
}

func checkLimits(text string) error {
	_, err := settings.ParseLimits(text)
	return err
}

// Default returns the settings that a Server has when nothing is configured.
func Default() Config { return Config{}.withDefaults() }

func (c Config) withDefaults() Config {
	for _, s := range c.Settings() {
		s.FillIn()
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	return c
}
