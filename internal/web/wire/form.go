package wire

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	formType = "application/x-www-form-urlencoded"
	// maxFields bounds the fields of a form. The largest of ours has ten.
	maxFields = 100
)

// Form has the fields that a page's form sent.
type Form map[string]string

// Form reads the form in the body. Errors: unsupported_media_type, body_too_large,
// malformed_request, request_timeout.
func (r *Request) Form() (Form, error) {
	if !isForm(r.HTTP) {
		return nil, errNotForm
	}
	data, err := r.readBody()
	if err != nil {
		return nil, err
	}
	if bytes.Count(data, []byte("&")) >= maxFields {
		return nil, Malformed("The form has too many fields.", nil)
	}
	values, err := url.ParseQuery(string(data))
	if err != nil {
		return nil, Malformed("The form is not encoded properly.", err)
	}
	form := Form{}
	for name, value := range values {
		if len(value) > 1 {
			return nil, Malformed("The form has the same field twice.", nil)
		}
		if !utf8.ValidString(name) || !utf8.ValidString(value[0]) {
			return nil, Malformed("The form is not in UTF-8.", nil)
		}
		form[name] = value[0]
	}
	return form, nil
}

func isForm(r *http.Request) bool {
	kind, params, err := MediaType(r)
	if err != nil || IsEncoded(r) {
		return false
	}
	charset := params["charset"]
	return kind == formType && (charset == "" || strings.EqualFold(charset, "utf-8"))
}

// IsFromPage reports whether a page's form sent the request, not a program. Programs send
// JSON, or do not ask for a page.
func (r *Request) IsFromPage() bool {
	return isForm(r.HTTP) || r.PrefersHTML() && !isJSON(r.HTTP)
}

// SeeOther answers a form with the address of the page that comes next. It is relative to
// the address of the request (RFC 9110, section 10.2.2), so it works below any path.
func (r *Request) SeeOther(address string) {
	r.Header().Set("Location", address)
	r.WriteHeader(http.StatusSeeOther)
}

// WithoutSlash leads from an address with a slash at its end to the one without, for good.
func (r *Request) WithoutSlash() {
	to := "../" + path.Base(r.HTTP.URL.EscapedPath())
	if query := r.HTTP.URL.RawQuery; query != "" {
		to += "?" + query
	}
	r.Header().Set("Location", to)
	r.WriteHeader(http.StatusPermanentRedirect)
}

const (
	// noteSuffix makes the name of the note's cookie out of the session cookie's.
	noteSuffix = "-note"
	// noteMaxAge is time enough to read a message and to type its code.
	noteMaxAge = 10 * time.Minute
	// maxNote bounds the line of a note, in bytes: the longest e-mail address fits.
	maxNote = 512
)

// LeaveNote leaves a line of text for the pages that come next, in a cookie. An e-mail
// address would otherwise stand in their address. [Request.RecallNext] finds where the
// browser wants to return in it.
func (r *Request) LeaveNote(line string) {
	if len(line) <= maxNote {
		r.setCookie(r.wire.opt.CookieName+noteSuffix, base64.RawURLEncoding.EncodeToString([]byte(line+"\n"+r.Next())), noteMaxAge)
	}
}

// Note returns the line that an earlier page left; empty if there is none.
func (r *Request) Note() string { line, _ := r.leftNote(); return line }

func (r *Request) leftNote() (line, next string) {
	cookie, err := r.HTTP.Cookie(r.wire.opt.CookieName + noteSuffix)
	if err != nil || len(cookie.Value) > base64.RawURLEncoding.EncodedLen(maxNote+len("\n")+maxNext) {
		return "", ""
	}
	text, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil || !utf8.Valid(text) {
		return "", ""
	}
	line, next, _ = strings.Cut(string(text), "\n")
	return line, next
}

// DropNote removes the note.
func (r *Request) DropNote() {
	if r.Note() != "" {
		r.setCookie(r.wire.opt.CookieName+noteSuffix, "", -time.Second)
	}
}
