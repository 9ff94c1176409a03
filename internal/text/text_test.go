package text_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/cardea-accounts/cardea/internal/text"
)

func TestPrintableCutsAtCharacters(t *testing.T) {
	for _, c := range []struct {
		text  string
		limit int
		want  string
	}{
		{"", 5, ""},
		{"Mozilla/5.0 (X11)", 256, "Mozilla/5.0 (X11)"},
		{"abcdef", 6, "abcdef"},
		{"abcdef", 5, "abcde"},
		{"abcdef", 0, ""},
		{"aäö", 5, "aäö"},
		{"aäö", 4, "aä"},
		{"aäö", 3, "aä"},
		{"aäö", 2, "a"},
		{"🙂🙂", 7, "🙂"},
		{"🙂", 3, ""},
		{"a\x00b\r\nc\td\x7fe\u0085f\u2028g\u202eh", 256, "abcdefgh"},
		{"a\xffb\xc3", 256, "ab"},
		{"a\ufffdb", 256, "ab"},
		{"\xff\xff\xffabc", 3, "abc"}, // removed before the text is cut
		{strings.Repeat("x", 100_000), 256, strings.Repeat("x", 256)},
	} {
		if got := text.Printable(c.text, c.limit); got != c.want {
			t.Errorf("%.20q cut to %d: %.20q, want %.20q", c.text, c.limit, got, c.want)
		}
	}
}

func TestVisibleAndControlCharacters(t *testing.T) {
	for _, c := range []struct {
		what               string
		chars              string
		isVisible, disturb bool
	}{
		{"letters and signs of any script", "aZ7é王ا🙂-<&\u0308", true, false},
		{"white space", " \u00a0\u2003\u3000", false, false},
		{"white space that breaks lines", "\t\n\r\u0085\u2028\u2029", false, true},
		{"control characters", "\x00\x1b\x7f\u009b", false, true},
		{"characters that change the direction of text", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", false, true},
		{"joiners and marks, which some scripts need", "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff", false, false},
		{"fillers", "\u034f\u115f\u1160\u3164\uffa0", false, false},
		{"variation selectors and tags", "\ufe0f\U000e0100\U000e0041", false, false},
		{"private use, not assigned", "\ue000\uffff", false, false},
	} {
		for _, r := range c.chars {
			if text.IsVisible(r) != c.isVisible || text.IsControl(r) != c.disturb {
				t.Errorf("%s: %+q is visible %v, control %v", c.what, r, text.IsVisible(r), text.IsControl(r))
			}
		}
	}
}

// Whatever a client sends, what is kept is valid, short, and cannot disturb its surroundings.
func FuzzPrintable(f *testing.F) {
	for _, s := range []string{"Mozilla/5.0", "a\x00b\xff", "\u202eabc", strings.Repeat("🙂", 9)} {
		f.Add(s, 7)
	}
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit &= 0xffff
		got := text.Printable(s, limit)
		if len(got) > limit || !utf8.ValidString(got) || strings.ContainsFunc(got, text.IsControl) {
			t.Errorf("%+q cut to %d: %+q", s, limit, got)
		}
		if again := text.Printable(got, limit); again != got {
			t.Errorf("%+q became %+q, then %+q", s, got, again)
		}
	})
}
