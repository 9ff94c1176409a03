package account

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestEmailsThatAreAccepted(t *testing.T) {
	for typed, want := range map[string]string{
		"test@gmail.com":                    "test@gmail.com",
		"Test@GMail.COM":                    "Test@GMail.COM", // shown as typed
		" test@gmail.com ":                  "test@gmail.com",
		"\t\r\n\u00a0test@gmail.com\u3000":  "test@gmail.com",
		"a@b":                               "a@b",
		"a@localhost":                       "a@localhost",
		"first.last+tag@sub.example.com":    "first.last+tag@sub.example.com",
		"o'brien@example.com":               "o'brien@example.com",
		"!#$%&'*+-/=?^_`{|}~@example.com":   "!#$%&'*+-/=?^_`{|}~@example.com", // RFC 5322 section 3.2.3
		"zoë@exämple.com":                   "zoë@exämple.com",
		"zoe\u0308@example.com":             "zoe\u0308@example.com", // shown as typed
		"用户@例子.广告":                          "用户@例子.广告",              // RFC 6531
		"a@xn--fsqu00a.xn--0zwm56d":         "a@xn--fsqu00a.xn--0zwm56d",
		strings.Repeat("x", 248) + "@b.com": strings.Repeat("x", 248) + "@b.com", // 254 bytes
		strings.Repeat("ä", 124) + "@b.com": strings.Repeat("ä", 124) + "@b.com", // 254 bytes
	} {
		if email, problem := normalEmail(typed); email != want || problem != "" {
			t.Errorf("%q became %q: %s", typed, email, problem)
		}
	}
}

func TestEmailsThatAreRefused(t *testing.T) {
	for problem, list := range map[string][]string{
		"Enter an e-mail address.": {"", " ", "\t\n", "\u00a0\u3000"},
		"too long":                 {strings.Repeat("x", 249) + "@b.com", strings.Repeat("ä", 125) + "@b.com", strings.Repeat("x", 100_000)},
		"not an e-mail address": {
			"test", "@", "@gmail.com", "test@", "a@b@c", "a@@b", "a@b.", "a@.b", "a@b..c", ".a@b", "a.@b", "a..b@c",
			// A display name, brackets, a comment, a list, a group.
			"Ann <ann@example.com>", `"Ann" <ann@example.com>`, "<ann@example.com>", "ann@example.com <ann@example.com>",
			"ann@example.com (Ann)", "(Ann)ann@example.com", "ann(Ann)@example.com", "ann@example.com, bob@example.com",
			"ann@example.com,", "ann@example.com;", "people: ann@example.com;", "mailto:ann@example.com",
			// A quoted local part. Hardly any user has one, and it has many spellings.
			`"ann"@example.com`, `"ann onym"@example.com`, `"ann@home"@example.com`, `"ann\"onym"@example.com`,
			// White space and control characters inside.
			"ann onym@example.com", "ann@ example.com", "ann@example .com", "ann\u00a0onym@example.com", "ann\tonym@example.com",
			"ann@example.com\nBcc: bob@example.com", "ann\r\n@example.com", "ann\x00@example.com", "ann@example.com\x00", "ann\x7f@example.com",
			"ann\u0085onym@example.com", "ann\u2028@example.com",
			// Invisible characters: zero width, joiners, directions, soft hyphen, tags.
			"ann\u200b@example.com", "ann\u200d@example.com", "ann\u2060@example.com", "\ufeffann@example.com", "ann\u202e@example.com",
			"ann\u2066@example.com", "ann\u00ad@example.com", "ann\U000e0041@example.com", "ann\u061c@example.com",
			"ann\u034f@example.com", "ann\ufe0f@example.com", "ann\u3164@example.com", "ann\u115f@example.com", "ann\U000e0100@example.com",
			// Invalid UTF-8, private use, not assigned.
			"ann\xff@example.com", "ann\xc3@example.com", "ann\ue000@example.com", "ann\uffff@example.com",
		},
	} {
		for _, typed := range list {
			if email, got := normalEmail(typed); email != "" || !strings.Contains(got, problem) {
				t.Errorf("%.60q became %.60q: %q, want %q", typed, email, got, problem)
			}
		}
	}
}

func TestOneAddressHasOneKey(t *testing.T) {
	for _, spellings := range [][]string{
		{"test@gmail.com", "Test@gmail.com", "TEST@GMAIL.COM", "tEST@Gmail.Com", " test@gmail.com\t"},
		{"zoë@example.com", "ZOË@EXAMPLE.COM", "zoe\u0308@example.com", "ZOE\u0308@example.com"},
		{"a\u0323\u0307@x", "a\u0307\u0323@x", "\u1ea1\u0307@x", "A\u0307\u0323@x"}, // order of accents
		{"straße@x", "STRASSE@x", "strasse@x", "STRAẞE@x"},
		{"σίσυφος@x", "ΣΊΣΥΦΟΣ@x", "σίσυφοσ@x"}, // final sigma
		{"ᾳ@x", "αι@x", "ΑΙ@x", "ᾼ@x", "α\u0345@x"},
		{"ᾷ@x", "α\u0342\u0345@x", "α\u0345\u0342@x", "Α\u0345\u0342@x"}, // iota subscript before and after an accent
		{"i\u0307@x", "İ@x", "I\u0307@x"},                                // as Turkish writes it
		{"ﬁ@x", "fi@x", "FI@x"},
		{"ångström@x", "ÅNGSTRÖM@x", "\u212bngström@x"}, // the unit's sign
		{"kelvin@x", "\u212aelvin@x"},
		{"ſ@x", "s@x", "S@x"},
		{"ǆ@x", "ǅ@x", "Ǆ@x"},
		{"и@x", "И@x"},
		{"й@x", "Й@x", "и\u0306@x"},
		{"𐐨@x", "𐐀@x"}, // Deseret, beyond 16 bits
		{"ა@x", "Ა@x"}, // Georgian
		{"ꭰ@x", "Ꭰ@x"}, // Cherokee, which folds to upper case
		{"ᏸ@x", "Ᏸ@x"},
	} {
		for _, s := range spellings {
			if got, want := EmailKey(s), EmailKey(spellings[0]); got != want {
				t.Errorf("%+q has the key %+q, but %+q has %+q", s, got, spellings[0], want)
			}
		}
	}
}

func TestDifferentAddressesHaveDifferentKeys(t *testing.T) {
	keys := map[string]string{}
	for _, email := range []string{
		"test@gmail.com", "tést@gmail.com", "te.st@gmail.com", "test+tag@gmail.com", "test@gmail.co", "test@googlemail.com",
		"i@x", "ı@x", "İ@x", "ì@x", "l@x", "1@x",
		"a@x", "а@x", "α@x", "ａ@x", "ª@x", "ä@x", "ae@x", "æ@x",
		"ss@x", "s@x", "", "@",
	} {
		key := EmailKey(email)
		if other, taken := keys[key]; taken {
			t.Errorf("%q and %q share the key %q", email, other, key)
		}
		keys[key] = email
	}
}

func FuzzEmail(f *testing.F) {
	for _, s := range []string{
		"test@gmail.com", " Test@GMail.com ", "Ann <ann@example.com>", `"a b"@c`, "a@b, c@d", "a@[127.0.0.1]",
		"STRAẞE@x", "ᾷ@x", "α\u0345\u0342@x", "İ@x", "ς@x", "ﬃ@x", "Ꭰ@x", "ꭰ@x", "\u1ea1\u0307@x", "한글@x", "a\xff@x",
		"a" + strings.Repeat("\u0301", 40) + "@x", strings.Repeat("x", 250) + "@x",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		key := EmailKey(typed)
		if again := EmailKey(key); again != key {
			t.Errorf("the key of %+q is %+q, and the key of that is %+q", typed, key, again)
		}
		email, problem := normalEmail(typed)
		if (email == "") == (problem == "") {
			t.Fatalf("%+q became %+q: %q", typed, email, problem)
		}
		if problem != "" {
			return
		}
		if again, problem := normalEmail(email); again != email {
			t.Errorf("%+q became %+q, then %+q: %s", typed, email, again, problem)
		}
		if len(email) > maxEmail || !utf8.ValidString(email) || strings.Count(email, "@") != 1 ||
			strings.ContainsFunc(email, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }) {
			t.Errorf("%+q was accepted", email)
		}
		spellings := []string{typed, norm.NFC.String(email), norm.NFD.String(email)}
		if upper := strings.ToUpper(email); strings.ToLower(upper) == email {
			spellings = append(spellings, upper)
		}
		if lower := strings.ToLower(email); strings.ToUpper(lower) == email {
			spellings = append(spellings, lower)
		}
		for _, s := range spellings {
			if got := EmailKey(s); got != key {
				t.Errorf("%+q has the key %+q, but %+q has %+q", typed, key, s, got)
			}
		}
	})
}
