package account

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestNamesThatAreAccepted(t *testing.T) {
	for typed, want := range map[string]string{
		"aruncs":                              "aruncs",
		"  Ann  O’Nym \n":                     "Ann  O’Nym", // only the ends are trimmed
		"\u00a0\u3000Ann\u2003":               "Ann",
		"x":                                   "x",
		"7":                                   "7",
		"Zoe\u0308":                           "Zo\u00eb", // NFC
		"\u212bsa":                            "\u00c5sa",
		"Αθηνά":                               "Αθηνά",
		"王秀英":                                 "王秀英",
		"محمد":                                "محمد",
		"🙂":                                   "🙂",
		"👩\u200d💻":                            "👩\u200d💻",             // joined
		"می\u200cخواهم":                       "می\u200cخواهم",        // Persian needs the non-joiner
		"א\u200f Ann":                         "א\u200f Ann",          // a direction mark, which reverses nothing
		"<b>Ann</b> & \"Bob\"":                "<b>Ann</b> & \"Bob\"", // pages escape it
		strings.Repeat("x", 100):              strings.Repeat("x", 100),
		strings.Repeat("🙂", 100):              strings.Repeat("🙂", 100),
		strings.Repeat("e\u0308", 100):        strings.Repeat("\u00eb", 100), // counted in NFC
		" " + strings.Repeat("x", 100) + "  ": strings.Repeat("x", 100),
	} {
		if name, problem := normalName(typed); name != want || problem != "" {
			t.Errorf("%q became %q: %s", typed, name, problem)
		}
	}
}

func TestNamesThatAreRefused(t *testing.T) {
	for problem, list := range map[string][]string{
		"Enter a name.": {
			"", " ", "\t\r\n", "\u00a0\u2003\u3000", "\u2028", "\x00", "\u200b", "\u200d\u200c", "\ufeff", "\u2060", "\u00ad", "\U000e0041",
			"\u2800", "\u2800 \u2800", "\ufffc", "\U00013441", "\U0001d159", "\u0301", "\u20dd", "\U00016fe4",
			"\ufe0f", "\u034f", "\u3164", "\u115f\u1160", "\uffa0", // letters and marks by their category, but invisible
		},
		"too long": {
			strings.Repeat("x", 101), strings.Repeat("🙂", 101), strings.Repeat("x", 50) + strings.Repeat(" ", 50) + "x",
			strings.Repeat("x", 2001), strings.Repeat(" ", 60_000), strings.Repeat("\ufdfa", 20_000),
			strings.Repeat("q\u0308", 51), // has no composed form
		},
		"control characters": {
			"Ann\x00", "A\nB", "A\r\nB", "A\tB", "A\x1b[31mB", "A\x7fB", "A\u0085B", "A\u009bB", "A\u2028B", "A\u2029B",
			"A\u202eB", "\u202aAnn", "Ann\u202c", "A\u2066B", "A\u2069B",
		},
	} {
		for _, typed := range list {
			if name, got := normalName(typed); name != "" || !strings.Contains(got, problem) {
				t.Errorf("%.60q became %.60q: %q, want %q", typed, name, got, problem)
			}
		}
	}
}

func FuzzName(f *testing.F) {
	for _, s := range []string{
		"aruncs", " Ann  O’Nym ", "Zoe\u0308", "a\u0323\u0307", "👩\u200d💻", "A\nB", "\u202eA", "\u200b", "한글", "\u1100\u1161", "a\xffb",
		strings.Repeat("e\u0308", 100), "a" + strings.Repeat("\u0301", 90), " \u0301", "\u2000A\u2001",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		name, problem := normalName(typed)
		if (name == "") == (problem == "") {
			t.Fatalf("%+q became %+q: %q", typed, name, problem)
		}
		if problem != "" {
			return
		}
		if again, problem := normalName(name); again != name {
			t.Errorf("%+q became %+q, then %+q: %s", typed, name, again, problem)
		}
		if utf8.RuneCountInString(name) > maxName || strings.TrimSpace(name) != name || !norm.NFC.IsNormalString(name) ||
			strings.ContainsFunc(name, unicode.IsControl) || strings.ContainsAny(name, "\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069") {
			t.Errorf("%+q was accepted", name)
		}
	})
}
