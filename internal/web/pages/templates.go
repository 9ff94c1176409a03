package pages

import (
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/cardea-accounts/cardea/internal/user"
	"github.com/cardea-accounts/cardea/internal/web/wire"
	"github.com/cardea-accounts/cardea/internal/words"
)

// page names a template of the page itself, inside the layout that all share.
type page string

// Folder is where an operator's folder keeps templates of pages.
const Folder = "pages"

// mostBytes is the limit on the size of a template, ten times that of the largest.
const mostBytes = 64 << 10

// shared are the files that all pages have.
var shared = []string{"layout.html", "form.html"}

// pageFiles are the files of each page.
var pageFiles = map[page][]string{}

// newPage names a page by the first of its files in html/. The layout takes its blocks title
// and main.
func newPage(names ...string) page {
	of := page(names[0])
	pageFiles[of] = slices.Concat(shared, names)
	return of
}

// Templates are the templates of all pages.
type Templates map[page]*template.Template

// embedded are the templates without an operator's changes. They are read when the first page
// is shown, so that they do not delay every start.
var embedded = sync.OnceValue(func() Templates {
	all, err := parse(func(name string) (string, error) {
		data, err := files.ReadFile("html/" + name)
		return string(data), err
	})
	if err != nil {
		panic(err)
	}
	return all
})

// ReadTemplates reads the templates of the pages. Those in the folder pages of override take
// the place of the embedded ones of the same name; nil if there are none. Each page is made
// once, so faults are found before a user meets them. The error joins one line for each fault.
func ReadTemplates(override fs.FS, book *words.Book) (Templates, error) {
	if override == nil {
		return nil, nil
	}
	entries, err := fs.ReadDir(override, Folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w; make the folder readable or remove it", Folder, err)
	}
	if err := unknown(entries); err != nil {
		return nil, err
	}
	all, err := parse(func(name string) (string, error) { return source(override, name) })
	if err != nil {
		return nil, err
	}
	return all, all.try(book)
}

// template is that of a page: the operator's if there is one.
func (p *Pages) template(of page) *template.Template {
	if p.looks.Templates != nil {
		return p.looks.Templates[of]
	}
	return embedded()[of]
}

func parse(read func(name string) (string, error)) (Templates, error) {
	all := Templates{}
	var faults faults
	for _, of := range pageNames() {
		root := template.New(shared[0])
		for _, name := range pageFiles[of] {
			text, err := read(name)
			if err == nil && name == root.Name() {
				_, err = root.Parse(text)
			} else if err == nil {
				_, err = root.New(name).Parse(text)
			}
			faults.add(err)
		}
		all[of] = root
	}
	return all, errors.Join(faults...)
}

// faults are the faults of templates, each of them once.
type faults []error

// add adds a fault as one line: the file and the line come first, and what to do last.
func (f *faults) add(err error) {
	if err == nil {
		return
	}
	s := strings.TrimPrefix(strings.TrimPrefix(err.Error(), "html/"), "template: ")
	line := fmt.Sprintf("%s/%s; correct the template, its fields are those of the embedded one", Folder, strings.ReplaceAll(s, "\n", " "))
	if !slices.ContainsFunc(*f, func(known error) bool { return known.Error() == line }) {
		*f = append(*f, errors.New(line))
	}
}

// source reads a template of the override folder or, if it has none, the embedded one.
func source(override fs.FS, name string) (string, error) {
	data, err := fs.ReadFile(override, path.Join(Folder, name))
	if errors.Is(err, fs.ErrNotExist) {
		data, err = files.ReadFile("html/" + name)
	}
	if err == nil && len(data) > mostBytes {
		err = fmt.Errorf("%s: larger than %d KiB", name, mostBytes>>10)
	}
	return string(data), err
}

// unknown reports files that would override nothing.
func unknown(entries []fs.DirEntry) error {
	var faults []error
	for _, entry := range entries {
		name := entry.Name()
		isPage := func(of page) bool { return slices.Contains(pageFiles[of], name) }
		if !strings.HasPrefix(name, ".") && !slices.ContainsFunc(pageNames(), isPage) {
			faults = append(faults, fmt.Errorf("%s/%s: overrides nothing; name it as one of the embedded templates, such as %s, or remove it", Folder, name, loginPage))
		}
	}
	return errors.Join(faults...)
}

func pageNames() (names []page) {
	for of := range pageFiles {
		names = append(names, of)
	}
	slices.Sort(names)
	return names
}

// try makes each page once, for a signed-in user.
func (t Templates) try(book *words.Book) error {
	v := view{
		Form: Form{Typed: wire.Form{}}, User: &user.User{}, language: book.Match(words.Default),
		pages: &Pages{looks: Looks{Words: book}, assets: assets{}},
	}
	var faults faults
	for _, of := range pageNames() {
		switch v.More = nil; of {
		case accountPage:
			v.More = accountMore{Devices: []device{{}}}
		case mailPage:
			continue // for developers, about a message
		}
		faults.add(t[of].Execute(io.Discard, &v))
	}
	return errors.Join(faults...)
}
