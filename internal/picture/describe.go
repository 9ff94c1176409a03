package picture

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// describeBytes is how much of a file Describe looks at.
const describeBytes = 4 << 10

// signatures are how files of a type begin; '?' stands for any byte. The first match
// counts.
var signatures = []struct{ begin, what string }{
	{"\x89PNG\r\n\x1a\n", "a PNG picture"},
	{"\xff\xd8", "a JPEG picture"},
	{"GIF87a", "a GIF picture"},
	{"GIF89a", "a GIF picture"},
	{"RIFF????WEBP", "a WebP picture"},

	{"????ftypheic", "a HEIC picture"},
	{"????ftypheix", "a HEIC picture"},
	{"????ftypheim", "a HEIC picture"},
	{"????ftypheis", "a HEIC picture"},
	{"????ftyphevc", "a HEIC picture"},
	{"????ftyphevx", "a HEIC picture"},
	{"????ftypmif1", "a HEIF picture"},
	{"????ftypmsf1", "a HEIF picture"},
	{"????ftypavif", "an AVIF picture"},
	{"????ftypavis", "an AVIF picture"},
	{"????ftypcrx ", "a raw picture (CR3)"},
	{"\xff\x0a", "a JPEG XL picture"},
	{"\x00\x00\x00\x0cJXL \r\n\x87\n", "a JPEG XL picture"},
	{"\x00\x00\x00\x0cjP  \r\n\x87\n", "a JPEG 2000 picture"},
	{"II*\x00", "a TIFF picture"},
	{"MM\x00*", "a TIFF picture"},
	{"BM????\x00\x00\x00\x00", "a BMP picture"},
	{"\x00\x00\x01\x00?\x00", "an icon (ICO)"},
	{"8BPS", "a Photoshop file"},
	{"gimp xcf", "a GIMP file"},

	{"%PDF-", "a PDF document"},
	{"%!PS", "a PostScript document"},
	{"PK\x03\x04", "a ZIP archive"},
	{"PK\x05\x06", "a ZIP archive"},
	{"\x1f\x8b", "a gzip archive"},
	{"7z\xbc\xaf\x27\x1c", "a 7z archive"},
	{"Rar!\x1a\x07", "a RAR archive"},

	{"????ftypqt  ", "a video (QuickTime)"},
	{"????ftypM4A ", "a sound file (M4A)"},
	{"????ftyp", "a video (MP4)"},
	{"\x1a\x45\xdf\xa3", "a video (WebM or Matroska)"},
	{"RIFF????AVI ", "a video (AVI)"},
	{"RIFF????WAVE", "a sound file (WAV)"},
	{"ID3", "a sound file (MP3)"},

	{"\x7fELF", "a program"},
	{"MZ?\x00", "a program"},
	{"\xff\xfe", "text"}, // UTF-16
	{"\xfe\xff", "text"},
}

// Describe returns the type that a file seems to have, by content, as a phrase for users:
// "a HEIC picture", "an SVG drawing", "a PDF document", "text", "an empty file". It returns "" if it cannot
// tell. It looks at the first 4 KiB and does not check that the file is intact.
func Describe(data []byte) string {
	head := data[:min(len(data), describeBytes)]
	if len(head) == 0 {
		return "an empty file"
	}
	for _, s := range signatures {
		if beginsLike(head, s.begin) {
			return s.what
		}
	}
	if what := describeMarkup(head); what != "" {
		return what
	}
	if isText(head) {
		return "text"
	}
	return ""
}

// beginsLike reports whether data begins with a pattern in which '?' matches any byte.
func beginsLike(data []byte, pattern string) bool {
	if len(data) < len(pattern) {
		return false
	}
	for i := range len(pattern) {
		if pattern[i] != '?' && pattern[i] != data[i] {
			return false
		}
	}
	return true
}

// describeMarkup tells HTML, SVG and other XML apart. A comment may come first.
func describeMarkup(head []byte) string {
	s := strings.ToLower(string(bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\ufeff")))))
	if !strings.HasPrefix(s, "<") {
		return ""
	}
	for _, begin := range []string{"<!doctype html", "<html", "<head", "<body", "<script"} {
		if strings.HasPrefix(s, begin) {
			return "an HTML page"
		}
	}
	switch {
	case strings.Contains(s, "<html"):
		return "an HTML page"
	case strings.Contains(s, "<svg"):
		return "an SVG drawing"
	case strings.HasPrefix(s, "<?xml"):
		return "an XML document"
	}
	return ""
}

// isText reports whether head is UTF-8 without control characters. Its last character
// may be cut off.
func isText(head []byte) bool {
	for len(head) > 0 {
		r, size := utf8.DecodeRune(head)
		switch {
		case r == utf8.RuneError && size == 1:
			return !utf8.FullRune(head)
		case r < ' ' && !strings.ContainsRune("\t\n\f\r", r), r == 0x7f:
			return false
		}
		head = head[size:]
	}
	return true
}
