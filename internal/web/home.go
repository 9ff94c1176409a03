package web

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea/internal/account"
)

//go:embed pages/*.html static/*
var files embed.FS

var homePage = template.Must(template.ParseFS(files, "pages/home.html"))

// home says who is signed in: to programs as the source document does, to
// browsers as a page.
func (s *Server) home(w http.ResponseWriter, r *http.Request) error {
	w.Header().Add("Vary", "Accept")
	in, err := s.authenticate(w, r)
	if prefersHTML(r.Header.Values("Accept")) {
		if err != nil && !errors.Is(err, account.ErrNotLoggedIn) {
			return err
		}
		return s.homePage(w, r, in)
	}
	if err != nil {
		return err
	}
	type nameAndEmail struct {
		Name  string `json:"name"`
		Email string `json:"email"`
	}
	writeJSON(w, http.StatusOK, struct {
		envelope
		User nameAndEmail `json:"user"`
	}{succeeded(""), nameAndEmail{in.User.Name, in.User.Email}})
	return nil
}

func (s *Server) homePage(w http.ResponseWriter, r *http.Request, in account.Session) error {
	data := struct {
		Address string
		User    *account.User
		Avatar  string // relative, so that it is of the page's own origin
	}{Address: s.publicAddress(r)}
	if in.ID != "" {
		data.User, data.Avatar = &in.User, s.avatarPath(in.User)
	}
	var page bytes.Buffer
	if err := homePage.Execute(&page, data); err != nil {
		return err
	}
	h := w.Header()
	h["Content-Security-Policy"] = pageCSP
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	_, _ = w.Write(page.Bytes())
	return nil
}

// static serves what the pages link to.
func (s *Server) static(w http.ResponseWriter, r *http.Request) error {
	data, err := fs.ReadFile(files, "static/"+r.PathValue("file"))
	if err != nil {
		return errNoRoute
	}
	w.Header().Set("Cache-Control", "public, max-age=3600")
	http.ServeContent(w, r, r.PathValue("file"), time.Time{}, bytes.NewReader(data))
	return nil
}

// prefersHTML tells whether an Accept header ranks text/html above JSON (RFC 9110
// section 12.5.1). Programs that accept anything get JSON.
func prefersHTML(accept []string) bool {
	var html, json float64
	for _, item := range strings.Split(strings.Join(accept, ","), ",") {
		kind, params, _ := strings.Cut(item, ";")
		switch strings.ToLower(strings.TrimSpace(kind)) {
		case "text/html":
			html = max(html, quality(params))
		case "application/json", "*/*":
			json = max(json, quality(params))
		}
	}
	return html > json
}

// quality reads the weight of an Accept item's parameters; 1 when it has none.
func quality(params string) float64 {
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if q, err := strconv.ParseFloat(value, 64); strings.EqualFold(name, "q") && err == nil {
			return q
		}
	}
	return 1
}
