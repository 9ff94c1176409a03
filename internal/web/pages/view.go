package pages

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/user"
	"github.com/cardea-accounts/cardea/internal/web/upload"
	"github.com/cardea-accounts/cardea/internal/web/wire"
	"github.com/cardea-accounts/cardea/internal/words"
)

var errorPage = newPage("error.html")

// view is what the template of a page shows.
type view struct {
	Form                    // what was typed, and what is wrong with it
	App          string     // its name
	Root         string     // from the page's address to that of the server, such as ../
	User         *user.User // who is signed in; nil: nobody
	Avatar       string     // of User, an address
	Address      string     // an e-mail address that was typed on an earlier page; empty: unknown
	Stage        string     // which of its faces a page shows; empty: the form
	IsEnded      bool       // whether a session ended before its form was sent
	IsUnverified bool       // whether a sign-in waits for the address to be confirmed
	IsConfirmed  bool       // whether a link that is of no use was for an address that is confirmed
	Sent         string     // which section of the account page was sent; empty: none
	More         any        // what only one page has

	language *words.Language
	pages    *Pages
	request  *wire.Request // nil: the template is only tried
}

// view begins the view of a page. Whatever changes between languages is not cached.
func (p *Pages) view(r *wire.Request) *view {
	v := &view{
		Form: Form{Typed: wire.Form{}}, App: p.looks.AppName, Root: rootOf(r.HTTP), Address: addressOf(r.Note()),
		language: p.looks.Words.Match(r.Language()), pages: p, request: r,
	}
	if r.Session != nil {
		v.User, v.Avatar = &r.Session.User, v.Root+p.avatar(r.Session.User)
	}
	return v
}

// addressOf is a note that an earlier page left, if it is an e-mail address: anybody could have
// planted the cookie.
func addressOf(note string) string {
	if account.EmailProblem(note) != "" {
		return ""
	}
	return note
}

// rootOf is the way from the page's address up to the server's.
func rootOf(r *http.Request) string {
	if up := strings.Count(r.URL.EscapedPath(), "/") - 1; up > 0 {
		return strings.Repeat("../", up)
	}
	return "./"
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

// Link is the address of another page, which leads on to where the user came from.
func (v *view) Link(page string) string {
	if v.request == nil {
		return page
	}
	return v.request.WithNext(page)
}

// After is where the user came from or, if that is unknown, the app.
func (v *view) After() string {
	if v.request == nil {
		return v.Root
	}
	return v.request.After()
}

// Home is the address of the app or, if that is not known, of the home page.
func (v *view) Home() string {
	if v.request == nil {
		return v.Root
	}
	return cmp.Or(v.request.AppURL(), v.Root)
}

// Asset is the address of a static file.
func (v *view) Asset(name string) string { return v.Root + v.pages.assets.address(name) }

// Logo is the address of the operator's logo; empty if there is none.
func (v *view) Logo() string {
	if name := v.pages.looks.Logo.name; name != "" {
		return v.Asset(name)
	}
	return ""
}

// Legal are the addresses of the operator's terms, for those who are not signed in, with words.
func (v *view) Legal() (links []choice, err error) {
	for _, link := range []choice{{v.pages.looks.Terms, "page.legal.terms"}, {v.pages.looks.Privacy, "page.legal.privacy"}} {
		if link.Value == "" || v.User != nil {
			continue
		}
		text, err := v.T(link.Text)
		if err != nil {
			return nil, err
		}
		links = append(links, choice{link.Value, text})
	}
	return links, nil
}

// Icon is the address of the picture that stands for the app in a browser's tab.
func (v *view) Icon() string { return cmp.Or(v.Logo(), v.Asset("icon.svg")) }

// show answers with a page.
func (p *Pages) show(r *wire.Request, status int, page page, v *view) error {
	var html bytes.Buffer
	if err := p.template(page).Execute(&html, v); err != nil {
		return err
	}
	r.AsForm()
	r.WriteHeader(status)
	_, _ = r.Write(html.Bytes()) // an error means that the client is gone
	return nil
}

// Fail answers with a page that tells of an error. Strangers on a page of users are sent to
// the sign-in.
func (p *Pages) Fail(r *wire.Request, err error) {
	if errors.Is(err, guard.ErrNotLoggedIn) {
		p.askToSignIn(r)
		return
	}
	r.FailAs(err, func(status int, e *guard.Error) {
		v := p.view(r)
		v.note(e)
		if e.Kind == guard.KindNotFound {
			v.Stage = "none"
		}
		if err := p.show(r, status, errorPage, v); err != nil {
			panic(err) // of the template
		}
	})
}

// askToSignIn leads a stranger to the sign-in, and from there back. A form that was sent says why.
func (p *Pages) askToSignIn(r *wire.Request) {
	address := rootOf(r.HTTP) + "login"
	if r.HTTP.Method == http.MethodPost {
		r.SeeOutcome("ended", r.WithReturn(address+"?ended"))
		return
	}
	r.SeeOther(r.WithReturn(address))
}

// welcome leads a user who has just signed in back to where they came from, or to the app.
func (p *Pages) welcome(r *wire.Request) { r.SeeOther(r.After()) }

// note shows an error that concerns the whole form. If its sentence names a time to wait, the page
// counts that down.
func (v *view) note(e *guard.Error) {
	v.Problem = v.sentence(e)
	if wait := v.duration(e); e.RetryAfter > 0 && strings.Contains(v.Problem, wait) {
		v.Wait, v.WaitText = int((e.RetryAfter+time.Second-1)/time.Second), wait
	}
}

// sentence puts an error into words: by its code or, without a text for that, by its message.
func (v *view) sentence(e *guard.Error) string {
	pairs := []string{"size", upload.Size(v.pages.uploadMaxBytes)}
	if e.RetryAfter > 0 {
		pairs = append(pairs, "duration", v.duration(e))
	}
	if s, err := v.T("error."+e.Code, pairs...); err == nil { // else there is none, or it does not say how long
		return s
	}
	return v.translate(e.Message)
}

// translate puts an English sentence into the user's language. What no page can show, unless
// its form was forged, has no text of its own.
func (v *view) translate(english string) string {
	text, ok := v.language.Translate(english)
	if !ok {
		text, _ = v.T("error.invalid_input") // the catalogues are checked
	}
	return text
}

// duration is how long to wait, in minutes rounded up.
func (v *view) duration(e *guard.Error) string {
	return v.language.Duration(e.RetryAfter + time.Minute - time.Second)
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
