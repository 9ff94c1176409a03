package pages

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

const root = "../../.."

// branding is docs/branding.md.
func branding(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs", "branding.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var namedBlock = regexp.MustCompile("(?s)\n`([\\w./]+)`:\n\n```\n(.*?)```")

// documentedFolder has the examples of the page: files, and a change of a template.
func documentedFolder(t *testing.T) (folder string) {
	t.Helper()
	page, folder := branding(t), t.TempDir()
	blocks := namedBlock.FindAllStringSubmatch(page, -1)
	if len(blocks) != 5 {
		t.Fatalf("there are %d files in docs/branding.md", len(blocks))
	}
	for _, block := range blocks {
		write(t, folder, block[1], block[2])
	}
	_, diff, _ := strings.Cut(page, "```diff\n")
	diff, _, _ = strings.Cut(diff, "```")
	var before, after string
	for line := range strings.Lines(diff) {
		after += line[1:]
		if line[0] == ' ' {
			before += line[1:]
		}
	}
	layout, err := os.ReadFile(filepath.Join(root, "internal", "web", "pages", "html", "layout.html"))
	if err != nil || before == after || strings.Count(string(layout), before) != 1 {
		t.Fatalf("%v: the change does not fit the layout: %s", err, diff)
	}
	write(t, folder, "pages/layout.html", strings.Replace(string(layout), before, after, 1))
	return folder
}

// Every example of docs/branding.md does what the page says.
func TestBrandingAsDocumented(t *testing.T) {
	values := map[string]string{}
	for _, m := range regexp.MustCompile(`CARDEA_(\w+)=(\S+)`).FindAllStringSubmatch(branding(t), -1) {
		values[m[1]] = strings.Trim(m[2], "'")
	}
	logo := write(t, t.TempDir(), values["LOGO_FILE"], `<svg xmlns="http://www.w3.org/2000/svg"/>`)
	folder := documentedFolder(t)
	server := testkit.Start(t, development, func(c *cardea.Config) {
		c.AppName, c.LogoFile, c.AccentColor, c.Templates = values["APP_NAME"], logo, values["ACCENT_COLOR"], folder
	})
	visitor := browserOf(t, server)
	footer := `<footer><p class="hint">Acme Inc., <a href="https://acme.example/contact">contact</a></p></footer>`
	login := visitor.Get("/login")
	says(t, login, 200, "<h1>Welcome back</h1>", footer, `alt="Acme"`, `rel="icon" href="./static/logo.svg`)
	says(t, visitor.Get("/"), 200, "<title>Home – Acme</title>", "<h1>Acme</h1>", `href="./login"`, footer)
	if style := string(visitor.Get("/static/cardea.css").Body); !strings.Contains(style, "--accent: "+values["ACCENT_COLOR"]+";") {
		t.Error("the style sheet has another colour")
	}
	for language, text := range map[string]string{"ar": `dir="rtl"`, "de": "<h1>Anmelden</h1>"} {
		visitor.Header.Set("Accept-Language", language)
		says(t, visitor.Get("/login"), 200, text)
	}
	says(t, visitor.Get("/forgot"), 200, footer)

	ada := server.Register(t, "ada@example.com")
	ada.Send("PATCH", "/api/user", "application/json", []byte(`{"name":"Ada","language":"de"}`)).Want(200)
	in := browserOf(t, server)
	in.Cookie = ada.Cookie
	says(t, in.Get("/"), 200, "<p>Hello Ada!</p>")
	visitor.post("/forgot", "email", "ada@example.com").Want(303)
	mail := server.Mail(t, "ada@example.com", "reset")
	if !strings.HasPrefix(mail.Text, "Hallo,\n\nSie erhalten") || !strings.Contains(mail.Text, "/reset#") || !strings.HasSuffix(mail.Text, "\nYour team at Acme\n") {
		t.Errorf("the letter is %q", mail.Text)
	}
	server.Register(t, "bob@example.com")
	visitor.Header.Set("Accept-Language", "en")
	visitor.post("/forgot", "email", "bob@example.com").Want(303)
	if mail := server.Mail(t, "bob@example.com", "reset"); mail.Subject != "Your new Acme password" {
		t.Errorf("the subject is %q", mail.Subject)
	}
}

// The documented faults stop the start with these words.
func TestBrandingFaultsAsDocumented(t *testing.T) {
	_, faults, _ := strings.Cut(branding(t), "## If something is wrong")
	_, faults, _ = strings.Cut(faults, "```\n")
	faults, _, _ = strings.Cut(faults, "```")
	lines := strings.Split(strings.TrimSpace(faults), "\n")
	wrong := [][2]string{
		{"words/en.txt", "page.login.heading = Hello\nmail.hello = Hi,\n"},
		{"pages/logout.html", "{{define \"title\"}}Bye{{end}}\n{{define \"main\"}}<h1>{{.Name}}</h1>{{end}}\n"},
		{"pages/logon.html", "x"},
		{"mail/message.txt", "{{.Greeting}}\n"},
	}
	if len(lines) != len(wrong) {
		t.Fatalf("%d lines: %s", len(lines), faults)
	}
	for i, file := range wrong {
		t.Chdir(t.TempDir())
		write(t, "acme", file[0], file[1])
		server, err := cardea.New(cardea.Config{Data: "data", Templates: "acme"})
		if err == nil {
			_ = server.Close()
			t.Fatalf("%s is taken", file[0])
		}
		if err.Error() != lines[i] {
			t.Errorf("the fault is\n%v, not\n%s", err, lines[i])
		}
	}
}
