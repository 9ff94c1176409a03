package s3_test

import (
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/blob/s3"
)

// noRegion takes the region out of the environment.
func noRegion(t *testing.T) {
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_DEFAULT_REGION", "")
}

func TestAddress(t *testing.T) {
	noRegion(t)
	for text, want := range map[string]struct {
		bucket, prefix, region, origin string
		pathStyle, redirects           bool
	}{
		"s3://pictures?region=eu-central-1":                                              {bucket: "pictures", region: "eu-central-1", origin: "https://pictures.s3.eu-central-1.amazonaws.com"},
		"s3://pictures/?region=cn-north-1":                                               {bucket: "pictures", region: "cn-north-1", origin: "https://pictures.s3.cn-north-1.amazonaws.com.cn"},
		"s3://pictures/of/cardea/?region=eu-central-1&path-style=true":                   {bucket: "pictures", prefix: "of/cardea", region: "eu-central-1", pathStyle: true, origin: "https://s3.eu-central-1.amazonaws.com"},
		"s3://my.pictures?region=eu-central-1":                                           {bucket: "my.pictures", region: "eu-central-1", pathStyle: true, origin: "https://s3.eu-central-1.amazonaws.com"},
		"s3://pictures?endpoint=http://127.0.0.1:9000&redirect=true":                     {bucket: "pictures", region: "us-east-1", pathStyle: true, redirects: true, origin: "http://127.0.0.1:9000"},
		"s3://my.pictures?endpoint=https://s3.example.com/&path-style=false":             {bucket: "my.pictures", region: "us-east-1", origin: "https://my.pictures.s3.example.com"},
		"s3://pictures?endpoint=https%3A%2F%2Fs3.example.com&region=garage&path-style=1": {bucket: "pictures", region: "garage", pathStyle: true, origin: "https://s3.example.com"},
	} {
		a, err := s3.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if a.Bucket != want.bucket || a.Prefix != want.prefix || a.Region != want.region || a.IsPathStyle != want.pathStyle || a.Redirects != want.redirects || a.Origin() != want.origin {
			t.Errorf("%s: %+v, origin %s", text, a, a.Origin())
		}
	}
}

func TestRegionFromTheEnvironment(t *testing.T) {
	noRegion(t)
	t.Setenv("AWS_REGION", "eu-north-1")
	if a, err := s3.Parse("s3://pictures"); err != nil || a.Region != "eu-north-1" {
		t.Errorf("%+v, %v", a, err)
	}
}

// The message says in one line what is allowed, and repeats nothing that may be secret.
func TestAddressIsRefused(t *testing.T) {
	noRegion(t)
	for text, want := range map[string]string{
		"s3://":                                                   "bucket",
		"s3:bucket":                                               "s3://bucket/prefix",
		"http://bucket":                                           "s3://bucket/prefix",
		"s3://pictures":                                           "a region",
		"s3://pictures?region=":                                   "a region",
		"s3://pictures?region=eu central":                         "a region such as",
		"s3://AKIA:secretkey@pictures?region=x":                   "without access keys",
		"s3://pictures?region=x&key=secretkey":                    "only the parameters",
		"s3://pictures?region=x&region=y":                         "once",
		"s3://pictures?region=x;y":                                "s3://bucket/prefix",
		"s3://pictures?region=x#secretkey":                        "s3://bucket/prefix",
		"s3://Pictures?region=x":                                  "a bucket's name",
		"s3://p?region=x":                                         "a bucket's name",
		"s3://pic_tures?region=x":                                 "a bucket's name",
		"s3://pictures.?region=x":                                 "a bucket's name",
		"s3://pic..tures?region=x":                                "a bucket's name",
		"s3://192.0.2.1?region=x":                                 "a bucket's name",
		"s3://pictures:80?region=x":                               "a bucket's name",
		"s3://pictures/../x?region=x":                             "a prefix",
		"s3://pictures/a//b?region=x":                             "a prefix",
		"s3://pictures/a b?region=x":                              "a prefix",
		"s3://pictures/%00?region=x":                              "a prefix",
		"s3://pictures?region=x&redirect=yes":                     "redirect=true",
		"s3://pictures?region=x&path-style=":                      "path-style=true",
		"s3://pictures?endpoint=s3.example.com":                   "an endpoint such as",
		"s3://pictures?endpoint=ftp://example":                    "an endpoint such as",
		"s3://pictures?endpoint=https://":                         "an endpoint such as",
		"s3://pictures?endpoint=https://u:secretkey@example.com":  "an endpoint such as",
		"s3://pictures?endpoint=https://example.com/path":         "an endpoint such as",
		"s3://pictures?endpoint=https://example.com?secretkey":    "an endpoint such as",
		"s3://pictures/" + strings.Repeat("a", 513) + "?region=x": "a prefix",
	} {
		_, err := s3.Parse(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secretkey") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// Whatever is accepted names one bucket, and its address without parameters is accepted again.
func FuzzParse(f *testing.F) {
	f.Add("s3://bucket/prefix?endpoint=https://example.com&region=x&path-style=true&redirect=true")
	f.Add("s3://b%2fc/../?region=x")
	f.Fuzz(func(t *testing.T, text string) {
		a, err := s3.Parse(text)
		if err != nil {
			return
		}
		again, err := s3.Parse(a.String() + "?region=" + a.Region)
		if err != nil || again.Bucket != a.Bucket || again.Prefix != a.Prefix || strings.ContainsAny(a.Bucket+a.Prefix, "?#@%: ") {
			t.Errorf("%q: %+v, %+v, %v", text, a, again, err)
		}
	})
}

// A signed address leads to the origin that the pages allow, and ends.
func TestSignedAddresses(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secretkey")
	for _, text := range []string{
		"s3://pictures?region=eu-central-1", "s3://pictures?region=us-east-1", "s3://pictures/p?region=eu-central-1&path-style=true", "s3://pictures?region=cn-north-1",
		"s3://my.pictures?region=eu-central-1", "s3://pictures?endpoint=https://example.com", "s3://pictures?endpoint=http://example.com:9000&path-style=false",
	} {
		a, err := s3.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		b, err := s3.New(a)
		if err != nil {
			t.Fatal(err)
		}
		signed, err := b.Sign(t.Context(), "k3v9", blob.Served{ContentType: "image/png", Filename: "me.png", CacheFor: 60e9})
		if err != nil || !strings.HasPrefix(signed, a.Origin()+"/") || strings.Contains(signed, "secretkey") ||
			!strings.Contains(signed, "k3/k3v9?") || !strings.Contains(signed, "X-Amz-Expires=300&") {
			t.Errorf("%s: %s, %v; the origin is %s", text, signed, err, a.Origin())
		}
	}
}
