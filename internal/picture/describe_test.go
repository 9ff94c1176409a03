package picture_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/cardea-accounts/cardea/internal/picture"
)

func TestDescribe(t *testing.T) {
	ftyp := func(brand string) string { return "\x00\x00\x00\x18ftyp" + brand + "\x00\x00\x00\x00mif1" }
	for data, want := range map[string]string{
		"":                                       "an empty file",
		ftyp("heic"):                             "a HEIC picture",
		ftyp("mif1"):                             "a HEIF picture",
		ftyp("avif"):                             "an AVIF picture",
		ftyp("isom"):                             "a video (MP4)",
		ftyp("mp42"):                             "a video (MP4)",
		ftyp("qt  "):                             "a video (QuickTime)",
		"\xff\x0a\xfa\x7f":                       "a JPEG XL picture",
		"\x00\x00\x00\x0cJXL \r\n\x87\n":         "a JPEG XL picture",
		"II*\x00\x08\x00\x00\x00":                "a TIFF picture",
		"MM\x00*\x00\x00\x00\x08":                "a TIFF picture",
		"BM\x3a\x00\x00\x00\x00\x00\x00\x00\x36": "a BMP picture",
		"\x00\x00\x01\x00\x01\x00\x10\x10":       "an icon (ICO)",
		"8BPS\x00\x01":                           "a Photoshop file",
		"%PDF-1.7\n":                             "a PDF document",
		"PK\x03\x04\x14\x00":                     "a ZIP archive",
		"RIFF\x04\x00\x00\x00AVI ":               "a video (AVI)",
		"\x89PNG\r\n\x1a\n":                      "a PNG picture",
		"\xff\xd8\xff\xe0":                       "a JPEG picture",
		"GIF89a":                                 "a GIF picture",
		"RIFF\x04\x00\x00\x00WEBP":               "a WebP picture",

		"<!DOCTYPE html><title>x</title>":                "an HTML page",
		"\n <HTML>":                                      "an HTML page",
		"<!-- x --><html><svg/></html>":                  "an HTML page",
		"<svg xmlns='http://www.w3.org/2000/svg'/>":      "an SVG drawing",
		"\ufeff<?xml version='1.0'?><!DOCTYPE svg><svg>": "an SVG drawing",
		"<?xml version='1.0'?><rss/>":                    "an XML document",

		"hello\r\n\tworld":              "text",
		"BMW is a car":                  "text",
		"żółć":                          "text",
		"a < b":                         "text",
		"\xff\xfeh\x00i\x00":            "text",
		strings.Repeat("a", 4095) + "ż": "text", // cut in the middle of a character

		"\x00\x00\x00":  "",
		"a\x00b":        "",
		"\x80\x81\x82":  "",
		"RIFF":          "text",
		"abc\xff":       "",
		"\x7f\x01\x02 ": "",
	} {
		if got := picture.Describe([]byte(data)); got != want {
			t.Errorf("%.20q: %q, want %q", data, got, want)
		}
	}
}

// Only the first 4 KiB count.
func TestDescribeIsBounded(t *testing.T) {
	head := "<" + strings.Repeat("a", 4095)
	for _, rest := range []string{"", "<svg", "\x00"} {
		if got := picture.Describe([]byte(head + rest)); got != "text" {
			t.Errorf("with %q: %q", rest, got)
		}
	}
}

// FuzzDescribe checks that a description does not depend on what follows 4 KiB, and is
// always a short phrase.
func FuzzDescribe(f *testing.F) {
	for _, s := range []string{"", "\x00\x00\x00\x18ftypheic", "<?xml version='1.0'?><svg", "hello", "\xff\xfe", "RIFF????WEBP"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got := picture.Describe(data)
		if len(got) > 30 || !utf8.ValidString(got) {
			t.Errorf("%q", got)
		}
		if more := picture.Describe(append(data[:min(len(data), 4096):min(len(data), 4096)], "\x00<svg"...)); len(data) >= 4096 && more != got {
			t.Errorf("%q, and with more data %q", got, more)
		}
	})
}
