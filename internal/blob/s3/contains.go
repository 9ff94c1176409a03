package s3

import (
	"net/url"
	"strings"
)

// Contains reports whether this address includes the objects of another one: the other prefix is
// the same or below this one, in the same bucket. A server with two names counts as two servers,
// because only its operator knows that they are one. All of Amazon's names count as one server,
// because its bucket names are unique.
func (a Address) Contains(other Address) bool {
	return a.Bucket == other.Bucket && a.server() == other.server() &&
		(a.Prefix == "" || strings.HasPrefix(other.Prefix+"/", a.Prefix+"/"))
}

// server returns a name that is the same in all addresses of a server.
func (a Address) server() string {
	u := url.URL{Host: strings.ToLower(a.host())}
	name := u.Hostname()
	if strings.HasSuffix(name, ".amazonaws.com") || strings.HasSuffix(name, ".amazonaws.com.cn") {
		return "amazonaws.com"
	}
	port := u.Port()
	switch {
	case port != "":
	case a.scheme() == "http":
		port = "80"
	default:
		port = "443"
	}
	return name + ":" + port
}
