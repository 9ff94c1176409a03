package text

import (
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

const (
	// maxName is the longest name, in bytes (RFC 1035 section 2.3.4).
	maxName = 253
	// maxTypedHost is the longest host, in bytes, before it is in ASCII. A character has
	// four bytes.
	maxTypedHost = 4*maxName + len(".:65535")
)

// Host returns the normal form of a host with or without a port, as browsers write it in
// an Origin: in lower case and ASCII (IDNA, UTS 46), without the default port of the
// scheme. A dot at the end goes too: it names the same host. It is not ok if the text is
// not a host, or has characters with another meaning in a link. A host in normal form costs
// no allocation.
func Host(typed string, https bool) (host string, ok bool) {
	if len(typed) > maxTypedHost {
		return "", false
	}
	name, port := typed, ""
	if at := strings.LastIndexByte(typed, ':'); at > strings.LastIndexByte(typed, ']') {
		name, port = typed[:at], typed[at+1:]
	}
	normal, ok := HostName(name)
	number := strings.TrimLeft(port, "0")
	if !ok || port != "" && !isPort(port) {
		return "", false
	}
	switch {
	case number == "" || number == "80" && !https || number == "443" && https:
		return normal, true
	case normal == name && number == port:
		return typed, true
	}
	return normal + ":" + number, true
}

func isPort(digits string) bool {
	_, err := strconv.ParseUint(digits, 10, 16)
	return err == nil
}

// HostName is [Host] without a port.
func HostName(typed string) (name string, ok bool) {
	if len(typed) > maxTypedHost {
		return "", false
	}
	name, ok = asciiName(typed)
	if trimmed := strings.TrimSuffix(name, "."); trimmed != "" {
		name = trimmed
	}
	return name, ok && len(name) <= maxName && name != "."
}

func asciiName(name string) (string, bool) {
	if inside, isIP := strings.CutPrefix(name, "["); isIP {
		inside, closed := strings.CutSuffix(inside, "]")
		ip, err := netip.ParseAddr(inside)
		if !closed || err != nil || !ip.Is6() || ip.Zone() != "" {
			return "", false
		}
		if normal := ip.String(); normal != inside {
			return "[" + normal + "]", true
		}
		return name, true
	}
	ascii := true
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '-', c == '_':
		case c >= 0x80:
			ascii = false
		default:
			return "", false
		}
	}
	if ascii {
		return strings.ToLower(name), true
	}
	if !utf8.ValidString(name) {
		return "", false
	}
	normal, err := asIDNA.ToASCII(name)
	return normal, err == nil && strings.Trim(normal, "abcdefghijklmnopqrstuvwxyz0123456789.-_") == ""
}

// asIDNA converts host names as browsers do: to lower case and punycode (UTS 46).
var asIDNA = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.BidiRule(), idna.CheckHyphens(false), idna.StrictDomainName(false))

// IsPunycode reports whether all labels of an ASCII name that begin with xn-- are punycode,
// as browsers demand.
func IsPunycode(name string) bool {
	_, err := asIDNA.ToASCII(name)
	return err == nil
}
