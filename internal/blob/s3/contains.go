package s3

import (
	"net/url"
	"strings"
)

// Contains reports whether the objects of another address are among those of this one: its prefix
// is the same or below, in the same bucket. Two names of one server, which only its operator
// knows, count as two servers. All of Amazon's count as one: its buckets have unique names.
func (a Address) Contains(other Address) bool {
	return a.Bucket == other.Bucket && a.server() == other.server() &&
		(a.Prefix == "" || strings.HasPrefix(other.Prefix+"/", a.Prefix+"/"))
}

// server is what two addresses of one server have in common.
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
