package words_test

import (
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/cardea-accounts/cardea/internal/words"
)

func load(t *testing.T, files map[string]string) (*words.Book, error) {
	t.Helper()
	if files == nil {
		return words.Load(nil)
	}
	override := fstest.MapFS{}
	for name, content := range files {
		override[path.Join(words.Folder, name)] = &fstest.MapFile{Data: []byte(content)}
	}
	return words.Load(override)
}

func mustLoad(t *testing.T, files map[string]string) *words.Book {
	t.Helper()
	b, err := load(t, files)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func text(t *testing.T, l *words.Language, key string, places words.Places) string {
	t.Helper()
	s, err := l.Text(key, places)
	if err != nil {
		t.Error(err)
	}
	return s
}

// Every embedded catalogue has all texts. Load checks that they have the same places.
func TestLanguagesAreComplete(t *testing.T) {
	b := mustLoad(t, nil)
	if got := strings.Join(b.Languages(), " "); got != "en de es fr" {
		t.Errorf("languages: %s", got)
	}
	english, err := os.ReadFile("en.txt")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(english)) {
		key, _, isText := strings.Cut(line, " = ")
		if !isText || strings.HasPrefix(line, "#") {
			continue
		}
		n++
		for _, tag := range b.Languages() {
			if !b.Match(tag).Has(key) {
				t.Errorf("%s.txt lacks %s", tag, key)
			}
		}
	}
	if n < 90 {
		t.Errorf("only %d texts", n)
	}
}

func TestMatch(t *testing.T) {
	b := mustLoad(t, nil)
	for preferences, want := range map[string]string{
		"":                                      "en",
		"de":                                    "de",
		"de-AT":                                 "de",
		"DE-ch":                                 "de",
		"gsw":                                   "de", // Swiss German
		"fr-CA,fr;q=0.8,en;q=0.5":               "fr",
		"en;q=0.5, es;q=0.9":                    "es",
		"es-419":                                "es",
		"ja":                                    "en",
		"ja, fr;q=0.1":                          "fr",
		"*":                                     "en",
		"de;q=0, en":                            "en",
		";;;":                                   "en",
		"de;q=none":                             "en",
		"\x00\xff":                              "en",
		strings.Repeat("a-", 600):               "en",
		strings.Repeat("x-y;q=0.1,", 80) + "de": "de",
		strings.Repeat("de,", 10_000):           "en", // longer than a browser's
		"../../etc/passwd":                      "en",
		"de-DE-u-co-phonebk-x-private,en;q=0.001": "de",
	} {
		if got := b.Match(preferences).Tag(); got != want {
			t.Errorf("%.40q: %s, want %s", preferences, got, want)
		}
	}
	if !b.Has("de") || b.Has("de-AT") || b.Has("") {
		t.Error("Has knows other tags than Languages")
	}
}

func TestText(t *testing.T) {
	l := mustLoad(t, nil).Match("en")
	// What fills a place is not searched for places.
	if got := text(t, l, "device.both", words.Places{"browser": "{system}", "system": "Windows"}); got != "{system} on Windows" {
		t.Errorf("got %q", got)
	}
	if _, err := l.Text("device.both", words.Places{"browser": "Firefox"}); err == nil {
		t.Error("an empty place is no error")
	}
	if _, err := l.Text("device.none", nil); err == nil {
		t.Error("an unknown key is no error")
	}
}

func TestDates(t *testing.T) {
	b := mustLoad(t, nil)
	at := time.Date(2026, time.March, 1, 1, 4, 59, 0, time.FixedZone("", 2*60*60))
	for tag, want := range map[string]string{
		"en": "28 February 2026, 23:04\u00a0UTC",
		"de": "28. Februar 2026, 23:04\u00a0Uhr\u00a0UTC",
		"es": "28 de febrero de 2026, 23:04\u00a0UTC",
		"fr": "28 février 2026 à 23:04\u00a0UTC",
	} {
		if got := b.Match(tag).Date(at); got != want {
			t.Errorf("%s: %s, want %s", tag, got, want)
		}
	}
	if got := b.Match("fr").Date(at.Add(time.Hour)); got != "1er mars 2026 à 00:04\u00a0UTC" {
		t.Errorf("got %s", got)
	}
}

func TestDurations(t *testing.T) {
	l := mustLoad(t, nil).Match("en")
	for _, c := range []struct {
		d    time.Duration
		want string
	}{
		{0, "one minute"},
		{time.Minute, "one minute"},
		{10 * time.Minute, "10 minutes"},
		{time.Hour, "one hour"},
		{24 * time.Hour, "24 hours"},
		{7 * 24 * time.Hour, "7 days"},
	} {
		if got := l.Duration(c.d); got != c.want {
			t.Errorf("%s: %s, want %s", c.d, got, c.want)
		}
	}
}

// A file changes the texts that it names. The others stay, also in a new language.
func TestOverride(t *testing.T) {
	b := mustLoad(t, map[string]string{
		"de.txt":    "\ufeff# Wir duzen.\r\nmail.hello = Hallo {name},\r\n\r\n",
		"it.txt":    "mail.hello = Ciao {name},",
		"pt-BR.txt": "",
		".de.swp":   "\x00",
	})
	ada := words.Places{"name": "Ada"}
	for preferences, want := range map[string]string{"de": "Hallo Ada,", "it-CH": "Ciao Ada,", "pt": "Hello Ada,", "fr": "Bonjour Ada,"} {
		if got := text(t, b.Match(preferences), "mail.hello", ada); got != want {
			t.Errorf("%s: %s, want %s", preferences, got, want)
		}
	}
	if got := text(t, b.Match("de"), "mail.hello.nobody", nil); got != "Guten Tag," {
		t.Errorf("a text that was not overridden: %q", got)
	}
	if got := b.Match("it").Date(time.Unix(0, 0)); got != "1 January 1970, 00:00\u00a0UTC" {
		t.Errorf("a date in a language without months: %q", got)
	}
}

func TestFaults(t *testing.T) {
	for _, c := range []struct{ name, content, want string }{
		{"de.txt", "# x\nmail.helo = Hallo {name},", "words/de.txt:2: there is no text mail.helo; correct"},
		{"de.txt", "mail.hello = Hallo,", "words/de.txt:1: mail.hello lacks the place {name}; add it"},
		{"de.txt", "mail.hello = Hallo {name} {nick},", "words/de.txt:1: mail.hello has the unknown place {nick}; its places are {name}"},
		{"de.txt", "mail.hello.nobody = Hallo {name},", "unknown place {name}; it has none"},
		{"it.txt", "mail.hello = Ciao {name", "words/it.txt:1: a brace without its partner"},
		{"it.txt", "mail.hello = Ciao name}", "words/it.txt:1: a brace without its partner"},
		{"it.txt", "mail.hello = Ciao {{name}}", "words/it.txt:1: a brace without its partner"},
		{"it.txt", "mail.hello = Ciao {na me}", "words/it.txt:1: a brace without its partner"},
		{"it.txt", "mail.hello", "words/it.txt:1: no text; write a line such as"},
		{"it.txt", "= Ciao", "words/it.txt:1: no text"},
		{"it.txt", "mail.hello =", "words/it.txt:1: mail.hello is empty; write its text or remove the line"},
		{"it.txt", "mail.hello = Ciao\x07 {name}", "words/it.txt:1: a control character; remove it"},
		{"it.txt", "mail.hello = Ciao\xff {name}", "words/it.txt:1: not UTF-8; save the file as UTF-8"},
		{"it.txt", "mail.hello = Ciao {name}\nmail.hello = Salve {name}", "words/it.txt:2: mail.hello is already on line 1"},
		{"it.txt", strings.Repeat("#", 257<<10), "words/it.txt: larger than 256 KiB"},
		{"italian.txt", "", "words/italian.txt: not a catalogue; name it by its language"},
		{"de.json", "", "words/de.json: not a catalogue"},
		{"DE.txt", "", "words/DE.txt: not a catalogue"},
		{"de.txt/x", "", "words/de.txt: "},
	} {
		_, err := load(t, map[string]string{c.name: c.content})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s %.40q: %v, want %q", c.name, c.content, err, c.want)
		}
	}
}

// All faults of all files are told at once, one on a line.
func TestAllFaults(t *testing.T) {
	_, err := load(t, map[string]string{"de.txt": "a = b\nc = d", "it.txt": "e = f"})
	if err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("got %v", err)
	}
}

// A folder without catalogues changes nothing.
func TestNoOverride(t *testing.T) {
	if _, err := words.Load(fstest.MapFS{"mail/message.txt": {}}); err != nil {
		t.Error(err)
	}
	_, err := words.Load(fstest.MapFS{words.Folder: {Mode: fs.ModePerm}})
	if err == nil {
		t.Error("a file in place of the folder is no fault")
	}
}

func BenchmarkMatch(b *testing.B) {
	book, err := words.Load(nil)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		book.Match("de-AT,de;q=0.9,en-US;q=0.5,en;q=0.3")
	}
}
