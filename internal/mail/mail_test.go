package mail_test

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/cardea-accounts/cardea/internal/mail"
	"github.com/cardea-accounts/cardea/internal/words"
)

var update = flag.Bool("update", false, "write the golden files in testdata")

var app = mail.App{Name: "Acme", URL: "https://accounts.acme.example"}

const token = "Zq3vR8mX0tLw5yKc1nBd7g"

// example is a message as users get it.
func example(kind mail.Kind, language string) mail.Message {
	m := mail.Message{
		Kind: kind, To: "ada@example.com", Language: language, Name: "Ada Lovelace",
		Browser: "Firefox", System: "Windows", Time: time.Date(2026, time.November, 22, 15, 4, 5, 0, time.UTC),
	}
	link := func(page, code string, lifetime time.Duration) {
		m.Link, m.Code, m.Lifetime = app.URL+page, code, lifetime
	}
	switch kind {
	case mail.Verify, mail.Change:
		link("/verify#"+token, "BCDFGHJK", 24*time.Hour)
	case mail.Reset, mail.Undone:
		link("/reset#"+token, "BCDFGHJK", time.Hour)
	case mail.Login:
		link("/login#"+token, "BCDFGHJK", 10*time.Minute)
	case mail.Password, mail.Address:
		link("/undo#"+token, "", 7*24*time.Hour)
	case mail.Device, mail.Requested:
		link("/account", "", 0)
	case mail.Taken:
		link("/login", "", 0)
	case mail.Deleted, mail.Test:
	}
	return m
}

func composer(t testing.TB, app mail.App, files fstest.MapFS) (*mail.Composer, error) {
	t.Helper()
	book, err := words.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	if files == nil {
		return mail.New(app, book, nil)
	}
	return mail.New(app, book, files)
}

func compose(t testing.TB, app mail.App, m mail.Message) mail.Mail {
	t.Helper()
	c, err := composer(t, app, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Compose(m)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

var languages = []string{"en", "de", "es", "fr"}

// Every mail in every language is a file that people can read. The HTML is kept for one
// language: all others have the same layout.
func TestGolden(t *testing.T) {
	for _, kind := range mail.Kinds() {
		for _, language := range languages {
			m := compose(t, app, example(kind, language))
			wantFile(t, string(kind)+"."+language+".txt", "Subject: "+m.Subject+"\n\n"+m.Text)
			if language == "en" {
				wantFile(t, string(kind)+".en.html", m.HTML)
			}
		}
	}
}

func wantFile(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not up to date; look at it after go test ./internal/mail -update. It is now:\n%s", path, got)
	}
}

// What holds for every mail, in text and HTML.
func TestEveryMail(t *testing.T) {
	for _, kind := range mail.Kinds() {
		for _, language := range languages {
			message := example(kind, language)
			m := compose(t, app, message)
			if m.Language != language || len(m.HTML) > 100<<10 { // longer mails are cut by Gmail, at 102 KiB
				t.Errorf("%s in %s: language %s, %d bytes of HTML", kind, language, m.Language, len(m.HTML))
			}
			if !strings.Contains(m.Subject, app.Name) && kind != mail.Test || len(m.Subject) > 100 {
				t.Errorf("%s in %s: subject %q", kind, language, m.Subject)
			}
			for _, part := range []string{m.Text, m.HTML} {
				for _, want := range []string{app.Name, app.URL, message.To, message.Link} {
					if !strings.Contains(part, want) {
						t.Errorf("%s in %s lacks %q:\n%s", kind, language, want, part)
					}
				}
				if message.Code != "" && !strings.Contains(part, "BCDF-GHJK") {
					t.Errorf("%s in %s lacks the code", kind, language)
				}
				if strings.Contains(part, "<no value>") || strings.Contains(part, "ZgotmplZ") || strings.ContainsAny(part, "{}") && part == m.Text {
					t.Errorf("%s in %s: an unfilled place:\n%s", kind, language, part)
				}
			}
			for _, remote := range []string{"<img", "src=", "url(", "@import", "<link", "<script", "http-equiv"} {
				if strings.Contains(m.HTML, remote) {
					t.Errorf("%s in %s loads something: %s", kind, language, remote)
				}
			}
			if strings.Contains(m.Text, "\n\n\n") || strings.Contains(m.Text, "\r") {
				t.Errorf("%s in %s: the letter has gaps:\n%q", kind, language, m.Text)
			}
		}
	}
}

// Names and app names are text, in HTML too.
func TestMarkupIsText(t *testing.T) {
	message := example(mail.Reset, "en")
	message.Name, message.To = `Ada & "Co" 'x'`, `"<b>"@example.com`
	m := compose(t, mail.App{Name: "A<script>&{app}", URL: app.URL}, message)
	if strings.Contains(m.HTML, "<script") || strings.Contains(m.HTML, "<b>") || !strings.Contains(m.HTML, "Ada &amp; &#34;Co&#34;") {
		t.Errorf("not escaped:\n%s", m.HTML)
	}
	if !strings.Contains(m.Text, "A<script>&{app}") || !strings.Contains(m.Text, `Hello Ada & "Co" 'x',`) {
		t.Errorf("changed:\n%s", m.Text)
	}
}

// A stranger who registers somebody's address, or asks for a change to it, cannot have
// words of their own delivered there.
func TestStrangersWordsStayOut(t *testing.T) {
	for _, kind := range []mail.Kind{mail.Verify, mail.Change, mail.Taken} {
		message := example(kind, "en")
		message.Name = "You have won"
		m := compose(t, app, message)
		if strings.Contains(m.Text+m.HTML+m.Subject, "won") {
			t.Errorf("%s has the name:\n%s", kind, m.Text)
		}
	}
	for name, greeted := range map[string]bool{
		"Ada": true, "J. R. R. Tolkien": true, "Martin Luther King Jr.": true, "Björk Guðmundsdóttir": true, "李小龍": true, "محمد": true, "👩‍🚀": true,
		"": false, "see evil.example": false, "https://evil.example": false, "evil。example": false, "a@b": false, "x/y": false, "www.evil": false,
		"<a>": false, "tel:123": false,
	} {
		message := example(mail.Reset, "en")
		message.Name = name
		m := compose(t, app, message)
		if got := strings.HasPrefix(m.Text, "Hello "+name+","); got != greeted {
			t.Errorf("%q is greeted: %t\n%s", name, got, m.Text)
		}
	}
}

// An outbox can keep a message without keeping its secrets.
func TestMessageAsJSON(t *testing.T) {
	message := example(mail.Reset, "de-AT")
	kept, err := json.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(kept), token) || strings.Contains(string(kept), message.Code) {
		t.Errorf("secrets in %s", kept)
	}
	var read mail.Message
	if err := json.Unmarshal(kept, &read); err != nil {
		t.Fatal(err)
	}
	read.Link, read.Code = message.Link, message.Code
	if got, want := compose(t, app, read), compose(t, app, message); got != want {
		t.Errorf("the kept message is another one:\n%v\n%v", got, want)
	}
}

func TestPurposes(t *testing.T) {
	for _, kind := range mail.Kinds() {
		if !strings.Contains(" verify reset change login notice taken ", " "+kind.Purpose()+" ") {
			t.Errorf("%s has the purpose %q", kind, kind.Purpose())
		}
	}
}

func TestInvalidMessages(t *testing.T) {
	c, err := composer(t, app, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []mail.Message{
		{}, {Kind: "newsletter"}, {Kind: mail.Reset}, {Kind: mail.Test, Link: "https://x"},
		{Kind: mail.Taken, Link: "https://x", Code: "BCDFGHJK"},
	} {
		if _, err := c.Compose(m); !errors.Is(err, mail.ErrMessage) {
			t.Errorf("%+v: %v", m, err)
		}
	}
}

// An operator's templates replace the embedded ones, one by one.
func TestTemplates(t *testing.T) {
	c, err := composer(t, app, fstest.MapFS{"mail/message.txt": {Data: []byte("{{.Why}} {{.Link}}")}, "mail/.DS_Store": {}, "words/x": {}})
	if err != nil {
		t.Fatal(err)
	}
	m, err := c.Compose(example(mail.Reset, "en"))
	if err != nil {
		t.Fatal(err)
	}
	want := "You get this message because someone asked to reset the password of your account at Acme. https://accounts.acme.example/reset#" + token + "\n"
	if m.Text != want || !strings.Contains(m.HTML, "<!doctype html>") {
		t.Errorf("got %q", m.Text)
	}
}

func TestFaultsOfTemplates(t *testing.T) {
	for _, c := range []struct{ name, content, want string }{
		{"message.txt", "{{.Why", `mail/message.txt:1: unclosed action; correct`},
		{"message.txt", "\n{{.Wy}}", `mail/message.txt:2:2: executing "mail/message.txt" at <.Wy>: can't evaluate field Wy`},
		{"message.html", "<p>\n{{if .Link}}", `mail/message.html:2: unexpected EOF`},
		{"message.html", "<p>\n{{.Wy}}", `mail/message.html:2:2: executing`},
		{"message.html", "<a href='{{if .Link}}x'{{end}}>", `mail/message.html:1`},
		{"message.html", "{{range .Facts}}{{.Nam}}{{end}}", `can't evaluate field Nam`},
		{"message.html", " ", `mail/message.html: it shows nothing`},
		{"message.txt", "Hello", `mail/message.txt: it shows neither {{.Link}} nor {{.Code}}`},
		{"message.html", strings.Repeat("x", 257<<10), `mail/message.html: larger than 256 KiB`},
		{"message.htm", "x", `mail/message.htm: overrides nothing; the templates of mails are message.txt and message.html`},
		{"message.txt/x", "x", `mail/message.txt: `},
	} {
		_, err := composer(t, app, fstest.MapFS{"mail/" + c.name: {Data: []byte(c.content)}})
		if err == nil || !strings.HasPrefix(err.Error(), c.want) && !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s %.40q: %v, want %q", c.name, c.content, err, c.want)
		}
	}
}

func BenchmarkCompose(b *testing.B) {
	c, err := composer(b, app, nil)
	if err != nil {
		b.Fatal(err)
	}
	m := example(mail.Reset, "de")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Compose(m); err != nil {
			b.Fatal(err)
		}
	}
}

// Without a public URL, a mail names the address at which it was asked for. Without that, it has no
// empty link.
func TestMailWithoutPublicURL(t *testing.T) {
	message := example(mail.Reset, "en")
	m := compose(t, mail.App{Name: "Acme"}, message)
	if strings.Contains(m.HTML, `href=""`) || strings.Contains(m.Text, "Acme\n\n") {
		t.Errorf("it has an empty address:\n%s\n%s", m.Text, m.HTML)
	}
	message.Site = "http://localhost:5000"
	m = compose(t, mail.App{Name: "Acme"}, message)
	if !strings.Contains(m.HTML, `href="http://localhost:5000"`) || !strings.Contains(m.Text, "Acme\nhttp://localhost:5000\n") {
		t.Errorf("it does not name the server:\n%s\n%s", m.Text, m.HTML)
	}
}
