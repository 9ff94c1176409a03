package web

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/cardea-accounts/cardea/internal/account"
)

func (s *Server) uploadPicture(w http.ResponseWriter, r *http.Request) error {
	in, err := s.authenticate(w, r)
	if errors.Is(err, account.ErrNotLoggedIn) {
		return errUnauthorized
	}
	if err != nil {
		return err
	}
	body := &meteredReader{Reader: r.Body, budget: s.uploads, user: in.User.ID}
	defer body.release()
	upload, err := readUpload(r, body, s.opt.UploadMaxBytes)
	if err != nil {
		return err
	}
	p, err := s.accounts.SetPicture(r.Context(), in.User.ID, upload, s.client(w, r))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct {
		envelope
		ProfilePicURL string `json:"profile_pic_url"`
	}{succeeded("Profile picture updated"), s.addressOf(r, p)})
	return nil
}

func (s *Server) removePicture(w http.ResponseWriter, r *http.Request) error {
	in, err := s.authenticate(w, r)
	if err != nil {
		return err
	}
	if err := s.accounts.RemovePicture(r.Context(), in.User.ID, s.client(w, r)); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, succeeded("Profile picture removed"))
	return nil
}

var (
	anyOrigin = []string{"cross-origin"}
	// The address serves the newest picture, so caches ask each time.
	revalidate = []string{"public, no-cache"}
	// An address that names the version never changes its content.
	forEver = []string{"public, max-age=31536000, immutable"}
)

func (s *Server) servePicture(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	side, err := sideOf(query, 0)
	if err != nil {
		return err
	}
	p, err := s.accounts.OpenPicture(r.Context(), r.PathValue("address"), side)
	if err != nil {
		return err
	}
	defer func() { _ = p.Close() }() // it was only read
	h := w.Header()
	h["Content-Security-Policy"] = pictureCSP
	h["Cross-Origin-Resource-Policy"] = anyOrigin
	h["Cache-Control"] = revalidate
	if p.Address != "" && query.Get("v") == p.Address {
		h["Cache-Control"] = forEver
	}
	h["Content-Type"] = []string{p.ContentType}
	h["Content-Disposition"] = []string{`inline; filename="` + p.Name + `"`} // safe characters only
	h["Etag"] = []string{`"` + p.Version + `"`}
	http.ServeContent(w, r, "", p.UpdatedAt, p.Blob) // itself, so that the kernel can send a file
	return nil
}

// sideOf is which of [account.Sides] a query asks for with size; otherwise if it
// does not.
func sideOf(query url.Values, otherwise int) (int, error) {
	if !query.Has("size") {
		return otherwise, nil
	}
	for _, side := range account.Sides {
		if query.Get("size") == strconv.Itoa(side) {
			return side, nil
		}
	}
	return 0, errSize
}
