package smtp

import (
	"errors"
	"fmt"
	"io"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

	"github.com/cardea-accounts/cardea/internal/text"
)

// TLS says when the connection to the mail server is encrypted.
type TLS string

// The values of TLS.
const (
	Required      TLS = "required"      // by STARTTLS; without it, nothing is sent
	Opportunistic TLS = "opportunistic" // by STARTTLS where the server offers it
	Off           TLS = "off"           // never
	Implicit      TLS = "implicit"      // from the first byte on, for smtps://
)

// mechanisms are the ways to sign in that a URL can ask for. Without one, the first of
// these that the server offers is taken, except XOAUTH2, which needs a token.
var mechanisms = []string{"plain", "login", "cram-md5", "xoauth2"}

// Server is a mail server to send by.
type Server struct {
	Host string // a name in ASCII or an IP address
	Port int
	User string // empty: without signing in
	TLS  TLS
	Auth string // plain, login, cram-md5 or xoauth2; empty: what the server offers
}

// Address is the host and the port.
func (s Server) Address() string {
	if strings.Contains(s.Host, ":") {
		return "[" + s.Host + "]:" + strconv.Itoa(s.Port)
	}
	return s.Host + ":" + strconv.Itoa(s.Port)
}

// ParseURL reads the address of a mail server:
//
//	smtp://user@host:587     STARTTLS is required, unless host is this machine
//	smtps://user@host:465    TLS from the start
//
// The ports may be left out. Parameters change how: tls=off, tls=opportunistic or
// tls=required, and auth=plain, auth=login, auth=cram-md5 or auth=xoauth2. An @ in the
// user name may stand as it is.
//
// The error is one line that says what to change. It shows no password.
func ParseURL(text string) (Server, error) {
	scheme, rest, ok := strings.Cut(strings.TrimSpace(text), "://")
	scheme = strings.ToLower(scheme)
	if !ok || scheme != "smtp" && scheme != "smtps" {
		return Server{}, errors.New("start it with smtp:// or smtps://, such as smtp://user@mail.example.com:587")
	}
	rest, query, _ := strings.Cut(rest, "?")
	user, host := "", strings.TrimSuffix(rest, "/")
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		user, host = host[:i], host[i+1:]
	}
	s := Server{Port: 587, TLS: Required}
	if scheme == "smtps" {
		s.Port, s.TLS = 465, Implicit
	}
	if strings.Contains(user, ":") {
		return Server{}, errors.New("it has a password; put it into the file that CARDEA_SMTP_PASSWORD_FILE names")
	}
	var err error
	if s.User, err = url.PathUnescape(user); err != nil || strings.ContainsFunc(s.User, isControl) {
		return Server{}, errors.New("the user name is malformed; write % as %25")
	}
	if err := s.setHost(host); err != nil {
		return Server{}, err
	}
	if isLoopback(s.Host) && s.TLS == Required {
		s.TLS = Opportunistic
	}
	return s, s.setParameters(query)
}

func isControl(r rune) bool { return text.IsControl(r) }

// setHost reads host, host:port, [ipv6] or [ipv6]:port.
func (s *Server) setHost(text string) error {
	host, port := text, ""
	if i := strings.LastIndexByte(text, ':'); i >= 0 && i > strings.LastIndexByte(text, ']') {
		host, port = text[:i], text[i+1:]
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return fmt.Errorf("%q is no port; write a number from 1 to 65535", port)
		}
		s.Port = int(n)
	}
	if bare, ok := strings.CutPrefix(host, "["); ok {
		ip, err := netip.ParseAddr(strings.TrimSuffix(bare, "]"))
		if err != nil || !strings.HasSuffix(bare, "]") {
			return fmt.Errorf("%q is no IPv6 address", host)
		}
		s.Host = ip.String()
		return nil
	}
	name, err := idna.Lookup.ToASCII(host)
	if err != nil || host == "" {
		return fmt.Errorf("%q is no host name; write the server's name, such as mail.example.com", host)
	}
	s.Host = name
	return nil
}

func (s *Server) setParameters(query string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return errors.New("the part after ? is malformed; write it as tls=off&auth=plain")
	}
	for name, value := range values {
		switch v := value[len(value)-1]; {
		case name == "tls" && s.TLS == Implicit:
			return errors.New("smtps:// has TLS from the start; remove tls=, or write smtp://")
		case name == "tls" && slices.Contains([]TLS{Required, Opportunistic, Off}, TLS(v)):
			s.TLS = TLS(v)
		case name == "tls":
			return fmt.Errorf("tls=%s is unknown; write tls=required, tls=opportunistic or tls=off", v)
		case name == "auth" && slices.Contains(mechanisms, v):
			s.Auth = v
		case name == "auth":
			return fmt.Errorf("auth=%s is unknown; write auth=%s", v, strings.Join(mechanisms, ", auth="))
		default:
			return fmt.Errorf("%s is unknown; the parameters are tls and auth", name)
		}
	}
	switch {
	case s.Auth != "" && s.User == "":
		return errors.New("auth= needs a user name, such as smtp://user@mail.example.com:587")
	case s.User != "" && s.TLS == Off && !isLoopback(s.Host):
		return errors.New("tls=off would send the password unprotected; remove tls=off or the user name")
	}
	return nil
}

// isLoopback reports whether a host is this machine. Nothing on the way can listen.
func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback() || strings.EqualFold(host, "localhost")
}

// ParseFrom reads the address that mails are sent from: a bare address, or a name with
// an address in angle brackets.
func ParseFrom(text string) (mail.Address, error) {
	a, err := mail.ParseAddress(text)
	if err != nil || strings.ContainsFunc(a.Name+a.Address, isControl) {
		return mail.Address{}, errors.New("no e-mail address; write accounts@example.com or Acme <accounts@example.com>")
	}
	if _, err := deliverable(a.Address); err != nil {
		return mail.Address{}, errors.New("the part after @ is no domain; write an address such as accounts@example.com")
	}
	return *a, nil
}

// mostPassword is the limit on the size of a password file, in bytes. OAuth tokens have
// a few thousand.
const mostPassword = 16 << 10

// ReadPassword reads a password or an OAuth token from a file. White space at its end
// does not count.
func ReadPassword(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("%w; create the file with the password of the mail server", err)
	}
	defer file.Close() //nolint:errcheck // it was only read
	content, err := io.ReadAll(io.LimitReader(file, mostPassword+1))
	if err != nil {
		return "", fmt.Errorf("%w; make it a readable file with the password of the mail server", err)
	}
	password := strings.TrimRight(string(content), " \t\r\n")
	switch {
	case password == "":
		return "", fmt.Errorf("%s is empty; write the password of the mail server into it", path)
	case len(content) > mostPassword:
		return "", fmt.Errorf("%s is larger than %d KiB; it must have the password of the mail server only", path, mostPassword>>10)
	case strings.ContainsAny(password, "\r\n\x00"):
		return "", fmt.Errorf("%s has several lines; it must have the password of the mail server only", path)
	}
	return password, nil
}
