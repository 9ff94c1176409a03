package cardea

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"path/filepath"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/breached"
	"github.com/cardea-accounts/cardea/internal/challenge"
	"github.com/cardea-accounts/cardea/internal/database"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/password"
	"github.com/cardea-accounts/cardea/internal/picture"
	"github.com/cardea-accounts/cardea/internal/session"
	"github.com/cardea-accounts/cardea/internal/settings"
	"github.com/cardea-accounts/cardea/internal/storage"
	"github.com/cardea-accounts/cardea/internal/web"
	"github.com/cardea-accounts/cardea/internal/words"
)

// The settings as the owners of state need them.

var sameSite = map[string]http.SameSite{
	"lax":    http.SameSiteLaxMode,
	"strict": http.SameSiteStrictMode,
	"none":   http.SameSiteNoneMode,
}

// place is where the data is.
func (c Config) place() (database.Place, error) {
	place, err := database.At(c.Data, c.Database, c.DatabasePasswordFile, c.Storage)
	if err != nil {
		return place, fmt.Errorf("database: %w", err)
	}
	return place, nil
}

func (c Config) passwordOptions(list *breached.List) account.PasswordOptions {
	return account.PasswordOptions{
		Argon2:    password.Params{Memory: c.Argon2Memory, Time: c.Argon2Time},
		PublicURL: c.publicURL(), Breached: list, RaiseProcs: c.TuneRuntime,
		Memory: c.part(4), Most: c.part(1),
	}
}

// publicURL is nil without one.
func (c Config) publicURL() *url.URL {
	public, _ := settings.ParsePublicURL(c.PublicURL) // validated
	return public
}

// rules are the limits on attempts.
func (c Config) rules() guard.Rules {
	limits, _ := settings.ParseLimits(c.Limits) // validated
	return guard.Rules{
		Account:  guard.Limit(limits["account"]),
		Address:  guard.Limit(limits["address"]),
		Register: guard.Limit(limits["register"]),

		MailRecipient: guard.Limit(limits["mail-recipient"]),
		MailAddress:   guard.Limit(limits["mail-address"]),
		MailTotal:     guard.Limit(limits["mail-total"]),
	}
}

func (s *Server) sessionOptions(taken *session.Flask) session.Options {
	c := s.cfg
	return session.Options{
		Idle: c.SessionIdle, Max: c.SessionMax, Cache: c.SessionCache, PerUser: c.SessionsPerUser,
		Now: c.Clock, IsSettled: s.clock.IsSettled, Flask: taken, Log: c.Log,
	}
}

// Memory that is not shared out: the program, sessions, the database's pages, and garbage.
const (
	reservedMemory = 64 << 20
	leastShared    = 32 << 20
)

// part is one of n parts of the memory that is shared out; 0: no limit.
func (c Config) part(n int64) int64 {
	if c.Memory <= 0 {
		return 0
	}
	return max(leastShared, c.Memory-reservedMemory) / n
}

// pictureMemory is what making one picture may take.
func (c Config) pictureMemory() int64 {
	if c.Memory <= 0 {
		return picture.DefaultMaxMemory
	}
	return min(picture.DefaultMaxMemory, c.part(2))
}

// disks are those whose free space is watched. A bucket tells when it is full.
func disks(place database.Place) (all []guard.Disk) {
	if !place.IsServer() {
		all = append(all, guard.DiskOf("database", filepath.Dir(place.Database)))
	}
	if !storage.IsBucket(place.Pictures) {
		all = append(all, guard.DiskOf("pictures", place.Pictures))
	}
	return all
}

func (c Config) mediaOptions(space *guard.Space, files blob.Store) media.Options {
	return media.Options{
		IsBucket: storage.IsBucket(c.Storage), Signer: storage.SignerOf(files),
		Limits:     picture.Limits{MaxPixels: c.UploadMaxPixels, MaxMemory: c.pictureMemory()},
		RaiseProcs: c.TuneRuntime, Space: space, Now: c.Clock, Log: c.Log,
	}
}

// trustedProxies are in the form of clients' addresses, also if a program sets others.
func (c Config) trustedProxies() []netip.Prefix {
	networks := make([]netip.Prefix, len(c.TrustedProxies))
	for i, network := range c.TrustedProxies {
		networks[i] = settings.Unmapped(network)
	}
	return networks
}

func (c Config) mailOptions(challenges *challenge.Service, post post) account.Mail {
	return account.Mail{Challenges: challenges, Outbox: post.outbox, Languages: post.book.Languages(), IsRequired: c.EmailVerification == "required", HasLogin: c.EmailLogin == "on"}
}

func (c Config) webOptions(book *words.Book, budget *guard.Budget) web.Options {
	cookieDomain, _ := settings.ParseCookieDomain(c.CookieDomain, c.publicURL()) // validated
	return web.Options{
		PublicURL:       c.publicURL(),
		TrustedProxies:  c.trustedProxies(),
		ForwardedHost:   c.ForwardedHost == "on",
		AllowedOrigins:  c.AllowedOrigins,
		ReturnOrigins:   c.ReturnOrigins,
		PictureOrigin:   storage.OriginOf(c.Storage),
		AppURL:          c.AppURL,
		HSTS:            c.HSTS,
		CookieName:      c.CookieName,
		CookieDomain:    cookieDomain,
		CookieSameSite:  sameSite[c.CookieSameSite],
		CookieMaxAge:    c.SessionMax,
		FlaskCookieName: c.takenFlaskCookie(),
		UploadMaxBytes:  c.UploadMaxBytes,
		UploadMemory:    c.part(4),
		Language:        func(wanted string) string { return book.Match(wanted).Tag() },
		Dev:             c.Dev,
		Memory:          c.Memory,
		LogAll:          c.LogRequests == "all",
		Budget:          budget,
		Now:             c.Clock,
		Log:             c.Log,
	}
}
