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

// AllowedName reports whether a file name has an accepted extension, in any case, or
// none at all, such as the "blob" that browsers send for a canvas. It helps users who
// pick the wrong file. It is no defence: Open recognizes the type by content.
func AllowedName(filename string) bool {
	base := filename[strings.LastIndexAny(filename, `/\`)+1:]
	i := strings.LastIndexByte(base, '.')
	if i < 0 || i+1 == len(base) {
		return true
	}
	return slices.ContainsFunc(extensions, func(e string) bool { return strings.EqualFold(base[i+1:], e) })
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
	stem, own := cutExtension(strings.TrimRight(safeCharacters(filename), "._"))
	if !sameType(own, extension) {
		own = extension
	}
	stem = strings.TrimLeft(stem, "._")
	if stem == "" {
		stem = emptyStem
	}
	return stem[:min(len(stem), maxNameBytes-len(".")-len(own))] + "." + own
}

// cutExtension splits a name at its last dot, unless parts of a path follow the dot
// ("../photo").
func cutExtension(name string) (stem, extension string) {
	i := strings.LastIndexByte(name, '.')
	if i < 0 || strings.ContainsAny(name[i:], "_-") {
		return name, ""
	}
	return name[:i], name[i+1:]
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
