package wire

import (
	"cmp"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxNext bounds an address to return to, in bytes. Encoded in the query of a page it has at
// most three times as many, so that maxQuery leaves room for other parameters.
const maxNext = 2 << 10

// SafeNext returns the address if a browser may be sent there, as it stands in a Location
// header; empty if not. It may be a path of the page's own origin, or an address at one of
// the origins, which have to match letter for letter.
//
// Browsers read addresses in ways of their own: they drop tabs and line breaks, and take a
// backslash for a slash (https://url.spec.whatwg.org/#url-parsing). An address that could be
// read in two ways is refused.
func SafeNext(next string, origins []string) string {
	if len(next) > maxNext || !utf8.ValidString(next) || strings.ContainsFunc(next, isAmbiguous) {
		return ""
	}
	next = encoded(next)
	switch {
	case len(next) > maxNext:
		return ""
	case isCleanPath(next):
		return next
	}
	for _, origin := range origins {
		rest, isThere := strings.CutPrefix(next, origin)
		if isThere && (rest == "" || rest[0] == '?' || rest[0] == '#' || isCleanPath(rest)) {
			return next
		}
	}
	return ""
}

// isAmbiguous reports whether browsers drop or replace a character.
func isAmbiguous(r rune) bool { return r == '\\' || unicode.IsControl(r) }

// isCleanPath reports whether an address is a path, with or without query and fragment,
// that stays the same path however often it is resolved or decoded: no empty, . or .. part.
func isCleanPath(address string) bool {
	if at := strings.IndexAny(address, "?#"); at >= 0 {
		address = address[:at]
	}
	decoded, err := url.PathUnescape(address)
	if err != nil || !strings.HasPrefix(address, "/") || strings.ContainsFunc(decoded, isAmbiguous) {
		return false
	}
	clean := path.Clean(decoded)
	return decoded == clean || clean != "/" && decoded == clean+"/"
}

// encoded writes spaces, quotes and characters beyond ASCII as browsers send them.
func encoded(address string) string {
	var b strings.Builder
	for i := range len(address) {
		switch c := address[i]; c {
		case ' ', '"', '<', '>':
			b.WriteString(url.PathEscape(string(c)))
		default:
			if c < utf8.RuneSelf {
				b.WriteByte(c)
				continue
			}
			const hex = "0123456789ABCDEF"
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

// Next is the address to which the page's query asks the browser to return, if it may;
// empty otherwise.
func (r *Request) Next() string {
	if r.next == "" {
		r.next = r.mayReturn(r.Query().Get("next"))
	}
	return r.next
}

// RecallNext lets [Request.Next] return the address that the page had from which a message
// was sent, if the query has none. The link in the message does not carry it.
func (r *Request) RecallNext() {
	if r.Next() == "" {
		_, noted := r.leftNote()
		r.next = r.mayReturn(noted)
	}
}

// mayReturn is [SafeNext] with the public address and the origins of the settings.
func (r *Request) mayReturn(next string) string {
	return SafeNext(next, append(slices.Clip(r.wire.opt.ReturnOrigins), r.publicOrigin()))
}

func (r *Request) publicOrigin() string {
	if public := r.wire.opt.PublicURL; public != nil {
		return public.Scheme + "://" + public.Host
	}
	return r.Origin().String()
}

// AppURL is the address of the app; empty if it is not known.
func (r *Request) AppURL() string { return r.wire.opt.AppURL }

// After is where a browser goes when a page has done its work, such as a sign-in: to
// [Request.Next], else to the app, else to the home page. It is for pages directly below
// the public address, such as /login.
func (r *Request) After() string {
	return cmp.Or(r.Next(), r.wire.opt.AppURL, "./")
}

// WithNext adds [Request.Next] to the address of another page, which may have a query.
func (r *Request) WithNext(page string) string { return withNext(page, r.Next()) }

// WithReturn adds the address of this page to that of another, which leads back to it. The
// forms of a page post to addresses below it.
func (r *Request) WithReturn(page string) string {
	here := r.HTTP.URL.EscapedPath()
	if r.HTTP.Method == http.MethodPost {
		here = path.Dir(here)
	}
	if public := r.wire.opt.PublicURL; public != nil {
		here = strings.TrimSuffix(public.EscapedPath(), "/") + here
	}
	return withNext(page, r.mayReturn(here))
}

func withNext(page, next string) string {
	switch {
	case next == "":
		return page
	case strings.Contains(page, "?"):
		return page + "&next=" + url.QueryEscape(next)
	}
	return page + "?next=" + url.QueryEscape(next)
}
