package picture

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

const (
	// maxNameBytes is the longest name SafeName returns: file systems allow
	// 255 bytes, and callers put an identifier before it.
	maxNameBytes = 100

	// emptyStem stands for a name of which nothing is left.
	emptyStem = "picture"
)

// AllowedName reports whether the file name ends in an extension of a type that
// is accepted, in any case. It is a courtesy to people who pick the wrong file,
// not a defence: the type is told by content.
func AllowedName(filename string) bool {
	i := strings.LastIndexByte(filename, '.')
	if i < 0 {
		return false
	}
	for _, e := range []string{"png", "jpg", "jpeg", "gif", "webp"} {
		if strings.EqualFold(filename[i+1:], e) {
			return true
		}
	}
	return false
}

// SafeName makes a stranger's file name safe for a path and an address, for a
// picture of the given extension ("png" or "jpg"). The result
//
//   - has only ASCII letters, digits, '.', '_' and '-',
//   - is at most 100 bytes long, never empty and never hidden (no leading '.'),
//   - ends in an extension that tells the stored type: its own if that does
//     ("IMG_1.JPEG"), else the given one in its place.
//
// Applying it again changes nothing. The characters are chosen as by
// werkzeug.utils.secure_filename, whose names clients may know; unlike it, '\'
// separates everywhere, not only on Windows.
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

// cutExtension splits a name before its extension, if it has one: what follows
// the last dot, but not where that is further parts of a path ("../face").
func cutExtension(name string) (stem, extension string) {
	i := strings.LastIndexByte(name, '.')
	if i < 0 || strings.ContainsAny(name[i:], "_-") {
		return name, ""
	}
	return name[:i], name[i+1:]
}

// safeCharacters keeps of a name what is harmless: accents are dropped from
// their letters, runs of white space and separators become one '_'.
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

// isSeparator reports whether r separates the parts of a name: a path
// separator, or what Python's str.split takes for white space in ASCII.
func isSeparator(r rune) bool {
	switch {
	case r == '/', r == '\\', r == ' ', r >= '\t' && r <= '\r', r >= 0x1c && r <= 0x1f:
		return true
	}
	return false
}

// sameType reports whether the extension own, in any case, denotes the type of
// the given one.
func sameType(own, extension string) bool {
	if strings.EqualFold(own, extension) {
		return true
	}
	return extension == "jpg" && strings.EqualFold(own, "jpeg")
}
