package s3

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Address says where a bucket is and how Cardea uses it.
type Address struct {
	Bucket   string
	Prefix   string   // of all objects, without slashes at its ends; empty: none
	Endpoint *url.URL // of the server; nil: Amazon S3
	Region   string
	// IsPathStyle puts the bucket's name into the path of requests, not into the host. It is the default
	// with an endpoint, and for a name with dots, which certificates for *.s3.… do not cover.
	IsPathStyle bool
	// Redirects: clients are sent to signed addresses of the storage.
	Redirects bool
}

// Scheme begins the address of a bucket.
const Scheme = "s3://"

// IsAddress reports whether a picture storage is a bucket, not a folder.
func IsAddress(storage string) bool { return strings.HasPrefix(storage, Scheme) }

// errForm says what is allowed. Messages quote no part of a refused address, because it may be
// secret.
var errForm = errors.New("s3://bucket/prefix?endpoint=https://…&region=…&path-style=true&redirect=true; " +
	"prefix and parameters may be left out; access keys do not belong in the address, see docs/s3.md")

// Limits of parts of an address, in characters. Those of a bucket's name are Amazon's.
const (
	minBucket, maxBucket = 3, 63
	maxPrefix            = 512
	maxRegion            = 64
)

// Characters of parts of an address. Those of a bucket's name are Amazon's. Those of a prefix need
// no encoding on any server.
const (
	lower  = "abcdefghijklmnopqrstuvwxyz0123456789"
	letter = lower + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// hasOnly reports whether a text has only the given characters.
func hasOnly(text, allowed string) bool { return strings.Trim(text, allowed) == "" }

// parameters of an address, in the order of docs/s3.md.
var parameters = []string{"endpoint", "region", "path-style", "redirect"}

// Parse parses an address such as s3://bucket/prefix?endpoint=https://s3.example.com. If the
// address has no region, Parse uses AWS_REGION or AWS_DEFAULT_REGION, then us-east-1 if there is an
// endpoint. The error says in one line what is allowed.
func Parse(text string) (Address, error) {
	u, err := url.Parse(text)
	if err != nil || !IsAddress(text) || u.Opaque != "" || u.Fragment != "" {
		return Address{}, errForm
	}
	if u.User != nil {
		return Address{}, fmt.Errorf("an address without access keys or a password: %w", errForm)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Address{}, errForm
	}
	for name, values := range query {
		if !slices.Contains(parameters, name) {
			return Address{}, fmt.Errorf("an address with only the parameters %s: %w", strings.Join(parameters, ", "), errForm)
		}
		if len(values) > 1 {
			return Address{}, fmt.Errorf("an address with the parameter %s only once", name)
		}
	}
	a := Address{Bucket: u.Host, Prefix: strings.Trim(u.Path, "/")}
	if !isBucketName(a.Bucket) {
		return Address{}, errors.New("a bucket's name of 3 to 63 lower-case letters, digits, dots and hyphens that begins and ends with a letter or digit")
	}
	if !isPrefix(a.Prefix) {
		return Address{}, fmt.Errorf("a prefix of at most %d letters, digits, dots, hyphens and underscores, with single slashes between its parts", maxPrefix)
	}
	return a, a.setParameters(query)
}

func isBucketName(name string) bool {
	return len(name) >= minBucket && len(name) <= maxBucket && hasOnly(name, lower+".-") && strings.Trim(name, ".-") == name &&
		!strings.Contains(name, "..") && net.ParseIP(name) == nil
}

func isPrefix(prefix string) bool {
	for part := range strings.SplitSeq(prefix, "/") {
		if prefix != "" && (part == "" || !hasOnly(part, letter+"_.-") || part == "." || part == "..") {
			return false
		}
	}
	return len(prefix) <= maxPrefix
}

func (a *Address) setParameters(query url.Values) (err error) {
	if query.Has("endpoint") {
		if a.Endpoint, err = parseEndpoint(query.Get("endpoint")); err != nil {
			return err
		}
	}
	if a.IsPathStyle, err = parseBool(query, "path-style", a.Endpoint != nil || strings.Contains(a.Bucket, ".")); err != nil {
		return err
	}
	if a.Redirects, err = parseBool(query, "redirect", false); err != nil {
		return err
	}
	a.Region = cmp.Or(query.Get("region"), os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"))
	if a.Region == "" && a.Endpoint != nil {
		a.Region = "us-east-1" // what servers without regions expect
	}
	if a.Region == "" {
		return errors.New("an address with a region, such as s3://bucket?region=eu-central-1, unless AWS_REGION names it")
	}
	if !hasOnly(a.Region, letter+"_-") || len(a.Region) > maxRegion {
		return errors.New("a region such as eu-central-1")
	}
	return nil
}

func parseEndpoint(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("an endpoint such as https://s3.example.com, without a path or a password")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

func parseBool(query url.Values, name string, otherwise bool) (bool, error) {
	if !query.Has(name) {
		return otherwise, nil
	}
	value, err := strconv.ParseBool(query.Get(name))
	if err != nil {
		err = fmt.Errorf("%s=true or %[1]s=false", name)
	}
	return value, err
}

// String returns the address without parameters, to show to operators.
func (a Address) String() string {
	return strings.TrimSuffix(Scheme+a.Bucket+"/"+a.Prefix, "/")
}

// Origin returns the origin of signed addresses, for the Content-Security-Policy of pages that show
// pictures.
func (a Address) Origin() string {
	host, scheme := a.host(), a.scheme()
	if !a.IsPathStyle {
		host = a.Bucket + "." + host
	}
	return scheme + "://" + host
}

func (a Address) scheme() string {
	if a.Endpoint != nil {
		return a.Endpoint.Scheme
	}
	return "https"
}

// host returns the host of the server, with the port if it is not the usual one.
func (a Address) host() string {
	if a.Endpoint != nil {
		return a.Endpoint.Host
	}
	return amazonHost(a.Region)
}

// amazonHost returns the host for a region (https://docs.aws.amazon.com/general/latest/gr/s3.html).
func amazonHost(region string) string {
	host := "s3." + region + ".amazonaws.com"
	if strings.HasPrefix(region, "cn-") {
		host += ".cn"
	}
	return host
}
