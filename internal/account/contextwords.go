package account

import (
	"net/url"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// isOwn reports whether a password says nothing but the user's name, a word of it, the
// address or its part before the @.
func isOwn(pw Password, email, name string) bool {
	mailbox, _, _ := strings.Cut(email, "@")
	return saysOnly(pw, append(strings.Fields(name), name, email, mailbox))
}

// wordsOf lists the words that name this installation. Without a public URL, it is
// localhost.
func wordsOf(public *url.URL) []string {
	if public == nil {
		return []string{"cardea", "localhost"}
	}
	host, _ := idna.ToUnicode(strings.ToLower(public.Hostname())) // letters as users type them
	return append([]string{"cardea", host}, strings.Split(host, ".")...)
}

// saysOnly reports whether a password is one of the words, or has the same letters between
// any digits, signs and spaces (ASVS 6.2.11). Case and the form of accents do not matter.
func saysOnly(pw Password, words []string) bool {
	key := EmailKey(string(pw))
	spelled := letters(key)
	return slices.ContainsFunc(words, func(word string) bool {
		own := EmailKey(word)
		return own != "" && (own == key || spelled != "" && spelled == letters(own))
	})
}

// letters returns a text without all but its letters and the marks on them.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.L, unicode.M) {
			return r
		}
		return -1
	}, s)
}
