package picture

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

const (
	// maxNameBytes is the longest name that SafeName returns. File systems allow 255
	// bytes, and callers put an identifier before it.
	maxNameBytes = 100

	// emptyStem is the stem if no safe character is left.
	emptyStem = "picture"
)

// extensions are those that files of accepted types have. Windows saves JPEG as .jfif.
var extensions = []string{"png", "jpg", "jpeg", "jpe", "jfif", "pjpeg", "pjp", "gif", "webp"}

// longExtensions are common extensions of more than maxShort characters. Files of these
// types are refused by their content anyway, like all others.
var longExtensions = []string{
	"class", "config", "desktop", "ipynb", "keynote", "mhtml", "numbers", "pages", "phtml", "pjpeg",
	"plist", "shtml", "sqlite", "swift", "torrent", "webloc", "xhtml",
}

// Extension returns the extension of a file name, without the dot; empty if there is none.
// A dot is no proof of one: "IMG 2024.12.01" and "Anna.Miller" have none. It has at most
// four ASCII letters and digits, and not only digits, or is one of the common longer ones.
// The name of a hidden file (".htaccess") is all extension. Dots and spaces at the end do
// not count.
func Extension(filename string) string {
	const maxShort = 4
	base := strings.TrimRight(filename[strings.LastIndexAny(filename, `/\`)+1:], ". ")
	i := strings.LastIndexByte(base, '.')
	if i < 0 {
		return ""
	}
	own := base[i+1:]
	isShort := len(own) <= maxShort && strings.Trim(own, digits+letters) == "" && strings.Trim(own, digits) != ""
	if i == 0 || isShort || containsFold(longExtensions, own) {
		return own
	}
	return ""
}

const (
	digits  = "0123456789"
	letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

func containsFold(list []string, s string) bool {
	return slices.ContainsFunc(list, func(e string) bool { return strings.EqualFold(e, s) })
}

// AllowedName reports whether a file name has an accepted extension, in any case, or
// none at all, such as the "blob" that browsers send for a canvas. It helps users who
// pick the wrong file. It is no defence: Open recognizes the type by content, and SafeName
// replaces the extension.
func AllowedName(filename string) bool {
	own := Extension(filename)
	return own == "" || containsFold(extensions, own)
}

// SafeName makes the name of an uploaded file safe for paths and URLs. The extension is
// that of the stored picture, "png" or "jpg". The result
//
//   - has only ASCII letters, digits, '.', '_' and '-',
//   - is at most 100 bytes long, never empty and never hidden (no leading '.'),
//   - ends in an extension of the stored type: its own if it fits ("IMG_1.JPEG"),
//     else the given one in its place.
//
// Applying it again changes nothing. It chooses characters like
// werkzeug.utils.secure_filename, whose names clients may know. Unlike there, '\'
// is a separator on every system.
func SafeName(filename, extension string) string {
	name := strings.TrimRight(safeCharacters(filename), "._")
	own := Extension(name)
	stem := strings.TrimSuffix(name, "."+own)
	if !sameType(own, extension) {
		own = extension
	}
	stem = strings.TrimLeft(stem, "._")
	if stem == "" {
		stem = emptyStem
	}
	return stem[:min(len(stem), maxNameBytes-len(".")-len(own))] + "." + own
}

// safeCharacters keeps only harmless characters. Letters lose their accents, and runs of
// white space and separators become one '_'.
func safeCharacters(name string) string {
	ascii := strings.Map(func(r rune) rune {
		if r >= 0x80 {
			return -1
		}
		return r
	}, norm.NFKD.String(name))
	joined := strings.Join(strings.FieldsFunc(ascii, isSeparator), "_")
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '_', r == '-':
			return r
		}
		return -1
	}, joined)
}

// isSeparator reports whether r is a path separator, or white space in ASCII to Python's
// str.split.
func isSeparator(r rune) bool {
	switch {
	case r == '/', r == '\\', r == ' ', r >= '\t' && r <= '\r', r >= 0x1c && r <= 0x1f:
		return true
	}
	return false
}

// sameType reports whether own, in any case, is an extension of the given one's type.
func sameType(own, extension string) bool {
	if strings.EqualFold(own, extension) {
		return true
	}
	return extension == "jpg" && strings.EqualFold(own, "jpeg")
}
