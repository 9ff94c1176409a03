package settings

import (
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/cardea-accounts/cardea/internal/text"
)

// ParsePublicURL parses the address the world sees. Its host is in normal form, as browsers
// write it. Without an address, ParsePublicURL returns nil and no error.
func ParsePublicURL(address string) (*url.URL, error) {
	if address == "" {
		return nil, nil //nolint:nilnil // no address is a valid setting
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || !isPort(u.Port()) || u.User != nil ||
		u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, errors.New("an address such as https://accounts.example.com, without user, query and fragment")
	}
	host, ok := text.Host(u.Host, u.Scheme == "https")
	if !ok {
		return nil, errors.New("an address with a valid host, such as https://accounts.example.com")
	}
	u.Host = host
	return u, nil
}

func isPort(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return s == "" || err == nil
}

// CheckPublicURL is [ParsePublicURL] as a check of a [Text].
func CheckPublicURL(address string) error {
	_, err := ParsePublicURL(address)
	return err
}

// Origins declares a setting that is a list of origins as browsers send them (RFC 6454,
// section 6.2).
func Origins(name string, field *[]string, usage string) Setting {
	asIs := func(s string) (string, error) { return s, nil }
	return list(name, field, asIs, func(s string) string { return s }, checkOrigin, usage)
}

func checkOrigin(s string) error {
	u, err := ParsePublicURL(s)
	if err != nil || u == nil || strings.ContainsAny(u.Host, "_") {
		return errors.New("origins such as https://app.example.com, one by one, separated by commas")
	}
	origin := u.Scheme + "://" + u.Host
	switch {
	case u.Path == "/":
		return errors.New("remove the slash at the end: " + origin)
	case u.Path != "":
		return errors.New("remove the path: an origin is scheme, host and port: " + origin)
	case s != origin:
		return errors.New("write it as browsers do: " + origin)
	}
	return nil
}

// CheckCookieName allows names that every browser and proxy takes.
func CheckCookieName(s string) error {
	isOther := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
	}
	if len(s) > 64 || strings.ContainsFunc(s, isOther) {
		return errors.New("at most 64 letters, digits, - and _")
	}
	return nil
}

// NeedsHTTPS reports whether browsers drop a cookie of this name without https.
func NeedsHTTPS(cookieName string) bool {
	return IsHostOnly(cookieName) || strings.HasPrefix(strings.ToLower(cookieName), "__secure-")
}

// IsHostOnly reports whether browsers drop a cookie of this name if it has a domain.
func IsHostOnly(cookieName string) bool {
	return strings.HasPrefix(strings.ToLower(cookieName), "__host-")
}

// CheckCookieDomain reports whether the server at a public URL may set cookies for a
// domain, and browsers take them.
func CheckCookieDomain(domain string, public *url.URL) error {
	if public == nil {
		return errors.New("set public-url too: the domain must be its host or a parent of it")
	}
	host := public.Hostname()
	switch suffix, _ := publicsuffix.PublicSuffix(domain); {
	case strings.HasPrefix(domain, "."):
		return errors.New("remove the dot at the beginning")
	case isIP(domain), isIP(host):
		return errors.New("only host names: an IP address has no subdomains")
	case domain != host && !strings.HasSuffix(host, "."+domain):
		return errors.New("the host of public-url, " + host + ", or a parent of it, in lower case")
	case suffix == domain:
		return errors.New("it is a public suffix, under which anyone can have a domain: name a domain of your own below it")
	}
	return nil
}

func isIP(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}
