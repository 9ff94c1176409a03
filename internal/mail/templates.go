package mail

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"path"
	"slices"
	"strings"
	texttemplate "text/template"
	"time"

	"github.com/cardea-accounts/cardea/internal/words"
)

//go:embed templates/message.txt templates/message.html
var embedded embed.FS

const (
	// Folder is where an operator's folder keeps templates of mails.
	Folder = "mail"

	textFile = "message.txt"
	htmlFile = "message.html"
)

// templates lay out all messages. They get a [Letter].
type templates struct {
	text *texttemplate.Template
	html *htmltemplate.Template
}

// New returns a composer. Unless override is nil, the files mail/message.txt and
// mail/message.html of that folder replace the embedded templates.
//
// New tries the operator's templates and texts on a message of every kind in every language, so
// their faults are found before a user needs a mail. The error joins one line for each fault. The
// line names the file and, if known, the line at fault, and says what to do.
func New(app App, book *words.Book, override fs.FS) (*Composer, error) {
	c := &Composer{app: app, book: book}
	if err := c.templates.load(override); err != nil {
		return nil, err
	}
	if override == nil {
		return c, nil // tests have tried the embedded ones
	}
	return c, c.try()
}

// try composes a message of every kind in every language.
func (c *Composer) try() error {
	var lacking error
	for _, tag := range c.book.Languages() {
		for _, kind := range Kinds() {
			m := sample(kind, tag)
			written, err := c.Compose(m)
			if err != nil {
				return err // the other kinds and languages have the same fault
			}
			lacking = cmp.Or(lacking, lacks(m, written))
		}
	}
	return lacking
}

// sample is a message with all that its kind can have.
func sample(kind Kind, tag string) Message {
	m := Message{
		Kind: kind, To: "ada@example.com", Language: tag, Name: "Ada", Browser: "Firefox", System: "Windows",
		Time: time.Unix(0, 0), Lifetime: time.Hour,
	}
	if shapes[kind].link {
		m.Link = "https://example.com/sample#token"
	}
	if shapes[kind].code {
		m.Code = "BCDFGHJK"
	}
	return m
}

// lacks reports a template that shows nothing, or neither the link nor the code: then the mail is of
// no use.
func lacks(m Message, written Mail) error {
	for _, part := range []struct{ file, content string }{{textFile, written.Text}, {htmlFile, written.HTML}} {
		what := ""
		switch {
		case strings.TrimSpace(part.content) == "":
			what = "it shows nothing"
		case !strings.Contains(part.content, m.Link) && (m.Code == "" || !strings.Contains(part.content, m.Code[:4])):
			what = "it shows neither {{.Link}} nor {{.Code}}"
		}
		if what != "" {
			return fmt.Errorf("%s/%s: %s; correct or remove it", Folder, part.file, what)
		}
	}
	return nil
}

func (t *templates) load(override fs.FS) error {
	var faults []error
	text, err := source(override, textFile)
	if err == nil {
		t.text, err = texttemplate.New(path.Join(Folder, textFile)).Parse(text)
		err = plain(err)
	}
	faults = append(faults, err)
	html, err := source(override, htmlFile)
	if err == nil {
		t.html, err = htmltemplate.New(path.Join(Folder, htmlFile)).Parse(html)
		err = plain(err)
	}
	return errors.Join(append(faults, err, unknown(override))...)
}

// source reads a template of the override folder or, if it has none, the embedded one.
func source(override fs.FS, name string) (string, error) {
	if override != nil {
		content, err := words.ReadFile(override, path.Join(Folder, name))
		if !errors.Is(err, fs.ErrNotExist) {
			return content, err
		}
	}
	content, err := embedded.ReadFile(path.Join("templates", name))
	return string(content), err
}

// unknown reports files that would override nothing.
func unknown(override fs.FS) error {
	if override == nil {
		return nil
	}
	entries, err := fs.ReadDir(override, Folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w; make the folder readable or remove it", Folder, err)
	}
	var faults []error
	for _, entry := range entries {
		if name := entry.Name(); !strings.HasPrefix(name, ".") && !slices.Contains([]string{textFile, htmlFile}, name) {
			faults = append(faults, fmt.Errorf("%s/%s: overrides nothing; the templates of mails are %s and %s", Folder, name, textFile, htmlFile))
		}
	}
	return errors.Join(faults...)
}

// execute lays out a letter.
func (t *templates) execute(l Letter) (plainText, html string, err error) {
	var text, page strings.Builder
	if err := t.text.Execute(&text, l); err != nil {
		return "", "", plain(err)
	}
	if err := t.html.Execute(&page, l); err != nil {
		return "", "", plain(err)
	}
	return strings.TrimSpace(text.String()) + "\n", page.String(), nil
}

// plain turns an error of a template into one line: the file and the line come first,
// and what to do last.
func plain(err error) error {
	if err == nil {
		return nil
	}
	s := strings.TrimPrefix(strings.TrimPrefix(err.Error(), "html/"), "template: ")
	return fmt.Errorf("%s; correct the template, the fields are those of the embedded one", strings.ReplaceAll(s, "\n", " "))
}
