// Package words has the texts that people read in mails and pages, in several languages.
//
// Each language has one catalogue, a file such as en.txt with a text on each line:
//
//	mail.reset.subject = Reset your {app} password
//
// Names between braces are places, which the caller fills. An operator can override
// texts and add languages with a folder of such files, see [Load].
package words

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

//go:embed *.txt
var embedded embed.FS

// Default is the tag of the language that users get if none of theirs is there. Its
// catalogue says which texts exist and which places they have.
const Default = "en"

const (
	// Folder is where an operator's folder keeps catalogues.
	Folder = "words"
	// mostBytes is the limit on the size of a file, ten times that of the largest.
	mostBytes = 256 << 10
	// mostFiles is the limit on the number of catalogues in an operator's folder.
	mostFiles = 100
	// longestHeader is how much of an Accept-Language header counts, in bytes. Browsers
	// send less than 100.
	longestHeader = 1024
)

// Book has the catalogues of all languages. It does not change and is safe for
// concurrent use.
type Book struct {
	languages []*Language // Default first, the others sorted
	matcher   language.Matcher
}

// Load reads the embedded catalogues and, unless override is nil, those in the folder
// words of override. A file there, such as words/de.txt, has the texts to change. All
// others keep the embedded text. A file for a new language, such as words/it.txt, starts
// from the English texts.
//
// The error joins one line for each fault. The line names the file and, if it has one,
// the line at fault, and says what to do.
func Load(override fs.FS) (*Book, error) {
	names, err := fs.Glob(embedded, "*.txt")
	if err != nil {
		return nil, err
	}
	texts := map[string]catalogue{}
	var faults []error
	standard, err := read(embedded, Default+".txt", nil)
	faults = append(faults, err)
	for _, name := range names {
		c, err := read(embedded, name, standard)
		faults = append(faults, err)
		texts[strings.TrimSuffix(name, ".txt")] = c
	}
	if override != nil {
		faults = append(faults, addOverrides(texts, override))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return newBook(standard, texts), nil
}

// addOverrides changes texts by the files of an operator's folder.
func addOverrides(texts map[string]catalogue, override fs.FS) error {
	entries, err := fs.ReadDir(override, Folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w; make the folder readable or remove it", Folder, err)
	}
	if len(entries) > mostFiles {
		return fmt.Errorf("%s: %d files; keep at most %d", Folder, len(entries), mostFiles)
	}
	var faults []error
	standard := texts[Default]
	for _, entry := range entries {
		name := path.Join(Folder, entry.Name())
		tag, err := language.Parse(strings.TrimSuffix(entry.Name(), ".txt"))
		if strings.HasPrefix(entry.Name(), ".") {
			continue // of an editor or the operating system
		}
		if err != nil || entry.Name() != tag.String()+".txt" {
			faults = append(faults, fmt.Errorf("%s: not a catalogue; name it by its language, such as de.txt or pt-BR.txt, or remove it", name))
			continue
		}
		changes, err := read(override, name, standard)
		faults = append(faults, err)
		base := texts[tag.String()]
		if base == nil {
			base = standard
		}
		texts[tag.String()] = base.with(changes)
	}
	return errors.Join(faults...)
}

// read reads a catalogue. If standard is not nil, each text must have the places of the
// standard's text of the same name.
func read(fsys fs.FS, name string, standard catalogue) (catalogue, error) {
	content, err := ReadFile(fsys, name)
	if err != nil {
		return nil, err
	}
	return parse(name, content, standard)
}

// ReadFile reads a regular file of an operator's folder, of at most 256 KiB. Anything else, such
// as a pipe, could keep the start waiting for ever. The error is a line that says what to do; it
// may be [fs.ErrNotExist].
func ReadFile(fsys fs.FS, name string) (string, error) {
	info, err := fs.Stat(fsys, name)
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is not a file")
	}
	var file fs.File
	if err == nil {
		file, err = fsys.Open(name)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w; make it a readable file or remove it", name, err)
	}
	defer file.Close() //nolint:errcheck // it was only read
	content, err := io.ReadAll(io.LimitReader(file, mostBytes+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("%s: %w; make it a readable file or remove it", name, err)
	case len(content) > mostBytes:
		return "", fmt.Errorf("%s: larger than %d KiB; shorten it", name, mostBytes>>10)
	}
	return string(content), nil
}

func newBook(standard catalogue, texts map[string]catalogue) *Book {
	b := &Book{}
	keys := standard.byText()
	var tags []language.Tag
	for tag, c := range texts {
		b.languages = append(b.languages, &Language{tag, c, keys})
	}
	slices.SortFunc(b.languages, func(x, y *Language) int {
		switch {
		case x.tag == Default:
			return -1
		case y.tag == Default:
			return 1
		}
		return strings.Compare(x.tag, y.tag)
	})
	for _, l := range b.languages {
		tags = append(tags, language.Make(l.tag))
	}
	b.matcher = language.NewMatcher(tags)
	return b
}

// Languages lists the tags of all languages, English first.
func (b *Book) Languages() []string {
	tags := make([]string, len(b.languages))
	for i, l := range b.languages {
		tags[i] = l.tag
	}
	return tags
}

// Has reports whether a tag, as [Book.Languages] spells it, has a catalogue.
func (b *Book) Has(tag string) bool {
	return slices.ContainsFunc(b.languages, func(l *Language) bool { return l.tag == tag })
}

// Match returns the language that suits a reader best, by a language tag such as de-AT
// or an Accept-Language header (RFC 9110, section 12.5.4). Without a match it is
// English.
func (b *Book) Match(preferences string) *Language {
	for _, l := range b.languages {
		if l.tag == preferences {
			return l
		}
	}
	if len(preferences) > longestHeader {
		return b.languages[0]
	}
	wanted, _, err := language.ParseAcceptLanguage(preferences)
	if err != nil {
		return b.languages[0]
	}
	_, i, confidence := b.matcher.Match(wanted...)
	if confidence == language.No {
		return b.languages[0]
	}
	return b.languages[i]
}
