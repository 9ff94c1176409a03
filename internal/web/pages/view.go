package pages

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/web/wire"
	"github.com/cardea-accounts/cardea/internal/words"
)

// page returns the template of the page itself, inside the layout that all share.
type page func() *template.Template

// newPage reads a page from html/ when it is first shown: all of them would delay every start.
// The layout takes its blocks title and main.
func newPage(name string) page {
	return sync.OnceValue(func() *template.Template {
		return template.Must(template.New("layout.html").ParseFS(files, "html/layout.html", "html/form.html", "html/"+name))
	})
}

var errorPage = newPage("error.html")

// view is what the template of a page shows.
type view struct {
	Form           // what was typed, and what is wrong with it
	App     string // its name
	Root    string // from the page's address to that of the server, such as ../
	User    bool   // whether somebody is signed in
	Address string // an e-mail address that was typed on an earlier page; empty: unknown
	Stage   string // which of its faces a page shows; empty: the form
	More    any    // what only one page has

	language *words.Language
}

// view begins the view of a page. Whatever changes between languages is not cached.
func (p *Pages) view(r *wire.Request) *view {
	return &view{
		Form: Form{Typed: wire.Form{}}, App: p.looks.AppName, Root: rootOf(r.HTTP), User: r.Session != nil, Address: r.Note(),
		language: p.looks.Words.Match(r.Language()),
	}
}

// rootOf is the way from the page's address up to the server's.
func rootOf(r *http.Request) string {
	return strings.Repeat("../", max(0, strings.Count(r.URL.Path, "/")-1))
}

// T is a text in the user's language, with pairs of names and values for its places.
func (v *view) T(key string, pairs ...string) (string, error) {
	places := words.Places{"app": v.App}
	for i := 0; i+1 < len(pairs); i += 2 {
		places[pairs[i]] = pairs[i+1]
	}
	return v.language.Text(key, places)
}

// Language is the tag of the page's language.
func (v *view) Language() string { return v.language.Tag() }

// Asset is the address of a static file.
func (v *view) Asset(name string) string { return v.Root + asset(name) }

// show answers with a page.
func (p *Pages) show(r *wire.Request, status int, page page, v *view) error {
	var html bytes.Buffer
	if err := page().Execute(&html, v); err != nil {
		return err
	}
	r.AsForm()
	r.WriteHeader(status)
	_, _ = r.Write(html.Bytes()) // an error means that the client is gone
	return nil
}

// Fail answers with a page that tells of an error.
func (p *Pages) Fail(r *wire.Request, err error) {
	r.FailAs(err, func(status int, e *guard.Error) {
		v := p.view(r)
		v.Problem = v.sentence(e)
		if err := p.show(r, status, errorPage, v); err != nil {
			panic(err) // of the template
		}
	})
}

// sentence puts an error into words.
func (v *view) sentence(e *guard.Error) string {
	key := "error." + e.Code
	if e.RetryAfter > 0 && v.language.Has(key) {
		wait := v.language.Duration(e.RetryAfter + time.Minute - time.Second) // rounded up
		if s, err := v.T(key, "duration", wait); err == nil {
			return s
		}
	}
	return v.language.Translate(e.Message)
}

// codeOf is the code of an error; empty if it is none of ours.
func codeOf(err error) string {
	if e, ok := errors.AsType[*guard.Error](err); ok {
		return e.Code
	}
	return ""
}

var errNoField = errors.New("pages: no such field")

func noField(name string) error { return fmt.Errorf("%w: %s", errNoField, name) }
