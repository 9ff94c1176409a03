package cardea

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea/internal/datadir"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/password"
	"github.com/cardea-accounts/cardea/internal/picture"
	"github.com/cardea-accounts/cardea/internal/session"
	"github.com/cardea-accounts/cardea/internal/web"
)

// Config are the settings of a [Server]. The zero value of each field means the
// value that [Default] gives it.
type Config struct {
	// Data is the folder for the database and the pictures.
	Data string
	// Database is the SQLite file; empty: cardea.db in the data folder.
	Database string
	// Storage is the folder for pictures; empty: pictures in the data folder.
	Storage string

	// PublicURL is the address the world sees, http or https; empty: http:// and
	// the request's own Host.
	PublicURL string
	// TrustedProxies are those whose X-Forwarded-For, -Proto and -Host count.
	TrustedProxies []netip.Prefix
	// AllowedOrigins are other origins whose pages may call, such as
	// https://app.example.com.
	AllowedOrigins []string

	// CookieName of the session's cookie.
	CookieName string
	// CookieSameSite is lax, strict or none; none needs an https PublicURL.
	CookieSameSite string

	// SessionIdle is how long a session lives unused.
	SessionIdle time.Duration
	// SessionMax is how long a session lives at most.
	SessionMax time.Duration
	// SessionCache is how many of the sessions used last are kept in memory, of
	// about a KiB each.
	SessionCache int

	// Argon2Memory is the memory of a password hash in KiB.
	Argon2Memory uint32
	// Argon2Time is the number of passes of a password hash over its memory.
	Argon2Time uint32

	// BreachedPasswords is a file of SHA-1 hashes of passwords that are refused, as
	// the downloader of Have I Been Pwned writes it; empty: none.
	BreachedPasswords string

	// UploadMaxBytes is the largest picture file, in bytes.
	UploadMaxBytes int64
	// UploadMaxPixels is the largest picture, in pixels.
	UploadMaxPixels int

	// RateLimit is on, or off for load tests: whether tries at passwords and
	// registrations are throttled.
	RateLimit string

	// AuditKeep is how long events such as logins stay in the audit table.
	AuditKeep time.Duration

	// LogRequests is events (requests that change something, errors, anything
	// slower than a second) or all.
	LogRequests string
	// Log is where the log goes; nil: slog.Default().
	Log *slog.Logger
	// Clock tells the time; nil: time.Now.
	Clock func() time.Time
}

// Default returns the settings that a Server has when nothing is configured.
func Default() Config {
	return Config{
		Data:            "cardea-data",
		CookieName:      "session",
		CookieSameSite:  "lax",
		SessionIdle:     14 * 24 * time.Hour,
		SessionMax:      90 * 24 * time.Hour,
		SessionCache:    50_000,
		Argon2Memory:    password.Default.Memory,
		Argon2Time:      password.Default.Time,
		UploadMaxBytes:  10 << 20,
		UploadMaxPixels: 50_000_000,
		RateLimit:       "on",
		AuditKeep:       90 * 24 * time.Hour,
		LogRequests:     "events",
		Log:             slog.Default(),
		Clock:           time.Now,
	}
}

func (c Config) withDefaults() Config {
	d := Default()
	orDefault(&c.Data, d.Data)
	orDefault(&c.CookieName, d.CookieName)
	orDefault(&c.CookieSameSite, d.CookieSameSite)
	orDefault(&c.SessionIdle, d.SessionIdle)
	orDefault(&c.SessionMax, d.SessionMax)
	orDefault(&c.SessionCache, d.SessionCache)
	orDefault(&c.Argon2Memory, d.Argon2Memory)
	orDefault(&c.Argon2Time, d.Argon2Time)
	orDefault(&c.UploadMaxBytes, d.UploadMaxBytes)
	orDefault(&c.UploadMaxPixels, d.UploadMaxPixels)
	orDefault(&c.RateLimit, d.RateLimit)
	orDefault(&c.AuditKeep, d.AuditKeep)
	orDefault(&c.LogRequests, d.LogRequests)
	orDefault(&c.Log, d.Log)
	if c.Clock == nil {
		c.Clock = d.Clock
	}
	return c
}

func orDefault[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

// SettingError is a setting with a value that is not allowed.
type SettingError struct {
	Setting string // as in the documentation, for instance session-idle
	Value   string
	Allowed string // what is
}

func (e *SettingError) Error() string {
	return fmt.Sprintf("%s: %q is not allowed: %s", e.Setting, e.Value, e.Allowed)
}

// Bounds of settings, wide enough for any use that makes sense.
const (
	maxUploadBytes  = 1 << 30
	maxUploadPixels = 1 << 30
	maxSessionCache = 100_000_000 // of 1 KiB each
)

// Validate reports every setting whose value is not allowed, as [*SettingError]
// joined by [errors.Join].
func (c Config) Validate() error {
	var errs []error
	require := func(ok bool, setting string, value any, allowed string) {
		if !ok {
			errs = append(errs, &SettingError{setting, masked(fmt.Sprint(value)), allowed})
		}
	}
	public, err := parsePublicURL(c.PublicURL)
	https := err == nil && public != nil && public.Scheme == "https"
	require(err == nil, "public-url", c.PublicURL, "an address such as https://accounts.example.com, without query or user")
	require(!strings.Contains(c.Database, "://"), "database", c.Database,
		"the path of a SQLite file (other databases are not supported yet)")
	require(!strings.Contains(c.Storage, "://"), "storage", c.Storage,
		"the path of a folder (other storages are not supported yet)")
	for _, origin := range c.AllowedOrigins {
		require(isOrigin(origin), "allowed-origins", origin, "origins as browsers send them, such as https://app.example.com, one by one")
	}
	require(isCookieName(c.CookieName), "cookie-name", c.CookieName, "letters, digits, - and _")
	require(https || !hasCookiePrefix(c.CookieName), "cookie-name", c.CookieName,
		"the prefixes __Host- and __Secure- only with an https public-url, since browsers drop such cookies otherwise")
	_, known := sameSite[c.CookieSameSite]
	require(known, "cookie-samesite", c.CookieSameSite, "lax, strict or none")
	require(https || c.CookieSameSite != "none", "cookie-samesite", c.CookieSameSite,
		"none only with an https public-url, since browsers drop such cookies otherwise")
	require(c.SessionIdle >= time.Second, "session-idle", c.SessionIdle, "a duration of at least 1s, such as 336h")
	require(c.SessionMax >= time.Second, "session-max", c.SessionMax, "a duration of at least 1s, such as 2160h")
	require(c.SessionCache >= 1 && c.SessionCache <= maxSessionCache, "session-cache", c.SessionCache,
		fmt.Sprintf("sessions from 1 to %d", maxSessionCache))
	require(c.AuditKeep >= time.Hour, "audit-keep", c.AuditKeep, "a duration of at least 1h, such as 2160h")
	require(c.Argon2Memory >= password.MinMemory && c.Argon2Memory <= password.MaxMemory, "argon2-memory", c.Argon2Memory,
		fmt.Sprintf("KiB from %d to %d", password.MinMemory, password.MaxMemory))
	require(c.Argon2Time >= 1 && c.Argon2Time <= password.MaxTime, "argon2-time", c.Argon2Time,
		fmt.Sprintf("passes from 1 to %d", password.MaxTime))
	require(c.UploadMaxBytes >= 1 && c.UploadMaxBytes <= maxUploadBytes, "upload-max-bytes", c.UploadMaxBytes,
		fmt.Sprintf("bytes from 1 to %d", maxUploadBytes))
	require(c.UploadMaxPixels >= 1 && c.UploadMaxPixels <= maxUploadPixels, "upload-max-pixels", c.UploadMaxPixels,
		fmt.Sprintf("pixels from 1 to %d", maxUploadPixels))
	require(c.RateLimit == "on" || c.RateLimit == "off", "rate-limit", c.RateLimit, "on or off")
	require(c.LogRequests == "events" || c.LogRequests == "all", "log", c.LogRequests, "events or all")
	return errors.Join(errs...)
}

// Warnings tells what is allowed but unwise, a sentence each.
func (c Config) Warnings() []string {
	c = c.withDefaults()
	var warnings []string
	if !(password.Params{Memory: c.Argon2Memory, Time: c.Argon2Time}).MeetsOWASP() {
		warnings = append(warnings, fmt.Sprintf("argon2-memory %d with argon2-time %d is weaker than OWASP's minimum for passwords; "+
			"use this for tests only", c.Argon2Memory, c.Argon2Time))
	}
	return warnings
}

var sameSite = map[string]http.SameSite{
	"lax":    http.SameSiteLaxMode,
	"strict": http.SameSiteStrictMode,
	"none":   http.SameSiteNoneMode,
}

// parsePublicURL returns nil without an error when there is none.
func parsePublicURL(s string) (*url.URL, error) {
	if s == "" {
		return nil, nil //nolint:nilnil // no address is a valid setting
	}
	u, err := url.Parse(s)
	if err != nil {
		return nil, err
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || !isPort(u.Port()) || u.User != nil ||
		u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, errors.New("not an address to be reached at")
	}
	return u, nil
}

func isPort(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return s == "" || err == nil
}

// masked hides what may be secret in an address: user, password and query.
func masked(value string) string {
	scheme, rest, isURL := strings.Cut(value, "://")
	if !isURL {
		return value
	}
	rest, query, hasQuery := strings.Cut(rest, "?")
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = "…" + rest[at:]
	}
	if hasQuery && query != "" {
		rest += "?…"
	}
	return scheme + "://" + rest
}

// isOrigin accepts a scheme, host and port as browsers send them (RFC 6454
// section 6.2): in lower case, and without the scheme's own port.
func isOrigin(s string) bool {
	u, err := parsePublicURL(s)
	if err != nil || u == nil || strings.ContainsAny(u.Host, "*%_ ") {
		return false
	}
	ownPort := u.Scheme == "http" && u.Port() == "80" || u.Scheme == "https" && u.Port() == "443"
	return !ownPort && s == u.Scheme+"://"+u.Host && s == strings.ToLower(s)
}

func isCookieName(s string) bool {
	return s != "" && len(s) <= 64 && strings.IndexFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
	}) < 0
}

func hasCookiePrefix(name string) bool {
	name = strings.ToLower(name)
	return strings.HasPrefix(name, "__host-") || strings.HasPrefix(name, "__secure-")
}

// dir is the data folder that the settings name.
func (c Config) dir() datadir.Dir { return datadir.At(c.Data, c.Database, c.Storage) }

func (c Config) argon2() password.Params {
	return password.Params{Memory: c.Argon2Memory, Time: c.Argon2Time}
}

// publicURL is nil without one.
func (c Config) publicURL() *url.URL {
	public, _ := parsePublicURL(c.PublicURL) // validated
	return public
}

// rules are the limits on attempts.
func (c Config) rules() guard.Rules { return guard.Rules{} }

func (c Config) sessionOptions() session.Options {
	return session.Options{Idle: c.SessionIdle, Max: c.SessionMax, Cache: c.SessionCache, Now: c.Clock, Log: c.Log}
}

func (c Config) mediaOptions() media.Options {
	return media.Options{Limits: picture.Limits{MaxPixels: c.UploadMaxPixels}, Now: c.Clock, Log: c.Log}
}

func (c Config) webOptions() web.Options {
	return web.Options{
		PublicURL:      c.publicURL(),
		TrustedProxies: c.TrustedProxies,
		AllowedOrigins: c.AllowedOrigins,
		CookieName:     c.CookieName,
		CookieSameSite: sameSite[c.CookieSameSite],
		CookieMaxAge:   c.SessionMax,
		UploadMaxBytes: c.UploadMaxBytes,
		LogAll:         c.LogRequests == "all",
		Now:            c.Clock,
		Log:            c.Log,
	}
}
