package settings

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/cardea-accounts/cardea/internal/text"
)

// ParsePublicURL parses the address the world sees. Its host and port are as browsers
// write them: in lower case and punycode, without the scheme's own port. Without an
// address it returns nil and no error.
func ParsePublicURL(address string) (*url.URL, error) {
	if address == "" {
		return nil, nil //nolint:nilnil // no address is a valid setting
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || strings.ContainsAny(address, "?#") || !canonicalHost(u) {
		return nil, errors.New("an address such as https://accounts.example.com, without user, query and fragment")
	}
	return u, nil
}

// canonicalHost writes host and port as browsers do (https://url.spec.whatwg.org/#host-parsing).
// It returns false if they are malformed.
func canonicalHost(u *url.URL) (ok bool) {
	u.Host, ok = text.Host(u.Host, u.Scheme == "https")
	name := u.Hostname()
	return ok && (isIP(name) || isName(name))
}

// isName reports whether an ASCII name can be a host's. Underscores are fine, because hosts
// of private networks have them.
func isName(name string) bool {
	isOther := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
	}
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || strings.ContainsFunc(label, isOther) {
			return false
		}
	}
	_, err := strconv.ParseUint(labels[len(labels)-1], 10, 64) // browsers take a number there for an IPv4 address
	return err != nil && text.IsPunycode(name)
}

// CheckPublicURL is [ParsePublicURL] as a check of a [Text].
func CheckPublicURL(address string) error {
	_, err := ParsePublicURL(address)
	return err
}

// CheckAddress allows what a page may lead to: a path, or an http or https address with
// path, query and fragment.
func CheckAddress(address string) error {
	u, err := url.Parse(address)
	isPath := err == nil && u.Scheme == "" && u.Host == "" && strings.HasPrefix(address, "/")
	isAddress := err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.User == nil && canonicalHost(u)
	if address == "" || (isPath || isAddress) && u.String() == address && !strings.Contains(address, `\`) {
		return nil
	}
	return errors.New("an address such as https://app.example.com/home as browsers write it, or a path such as /home")
}

// Origins declares a setting that is a list of origins as browsers send them (RFC 6454,
// section 6.2).
func Origins(name string, field *[]string, usage string) Setting {
	asIs := func(s string) (string, error) { return s, nil }
	return list(name, field, asIs, func(s string) string { return s }, checkOrigin, usage)
}

func checkOrigin(s string) error {
	address, after := s, ""
	if i := strings.IndexAny(s, "?#"); i >= 0 {
		address, after = s[:i], s[i:]
	}
	u, err := ParsePublicURL(address)
	if err != nil || u == nil || strings.ContainsAny(u.Host, "%_") {
		return errors.New("origins such as https://app.example.com, one by one, separated by commas")
	}
	origin := u.Scheme + "://" + u.Host
	switch {
	case after != "":
		return fmt.Errorf("remove the %q and what follows: %s", after[:1], origin)
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

// ParseCookieDomain returns a domain as it stands in a cookie: in lower case and punycode.
// It fails if the server at a public URL may not set cookies for it, or if browsers or
// net/http drop them. No domain is a valid setting.
func ParseCookieDomain(domain string, public *url.URL) (string, error) {
	if domain == "" {
		return "", nil
	}
	if public == nil {
		return "", errors.New("set public-url too: the domain must be its host or a parent of it")
	}
	host := public.Hostname()
	switch {
	case strings.HasPrefix(domain, "."):
		return "", errors.New("remove the dot at the beginning")
	case isIP(domain), isIP(host):
		return "", errors.New("only host names: an IP address has no subdomains")
	}
	ascii, ok := text.HostName(domain)
	if !ok || !isName(ascii) || !isDomain(ascii) {
		return "", errors.New("a host name of letters, digits, hyphens and dots, without underscores")
	}
	switch suffix, _ := publicsuffix.PublicSuffix(ascii); {
	case ascii != host && !strings.HasSuffix(host, "."+ascii):
		return "", errors.New("the host of public-url, " + host + ", or a parent of it")
	case suffix == ascii:
		return "", errors.New("it is a public suffix, under which anyone can have a domain: name a domain of your own below it")
	}
	return ascii, nil
}

// isDomain reports whether net/http puts a domain into a cookie (RFC 1034 section 3.5).
func isDomain(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		isForeign := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' }
		if label == "" || len(label) > 63 || strings.ContainsFunc(label, isForeign) || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	return true
}

func isIP(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}
