package api

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/user"
	"github.com/cardea-accounts/cardea/internal/web/upload"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

// ErrUnauthorized is how uploads refuse requests without a session. The source
// document has these words here, and "Not logged in" everywhere else.
var ErrUnauthorized = &guard.Error{Kind: guard.KindUnauthenticated, Code: guard.ErrNotLoggedIn.Code, Message: "Unauthorized"}

// UploadPicture makes the uploaded file the user's picture.
func (a *API) UploadPicture(r *wire.Request) error {
	p, err := upload.SetPicture(r, a.owners.Pictures, a.uploadMaxBytes)
	if err != nil {
		return err
	}
	r.JSON(http.StatusOK, struct {
		wire.Envelope
		ProfilePicURL string `json:"profile_pic_url"`
	}{wire.Success("Profile picture updated"), r.PublicAddress() + "/" + p.Path()})
	return nil
}

// RemovePicture removes the user's picture.
func (a *API) RemovePicture(r *wire.Request) error {
	if err := a.owners.Pictures.Remove(r.Context(), r.Session.User.ID, r.Client()); err != nil {
		return err
	}
	r.JSON(http.StatusOK, wire.Success("Profile picture removed"))
	return nil
}

// Picture serves a user's picture, or a square crop of it.
func (a *API) Picture(r *wire.Request) error {
	query := r.Query()
	side, err := sideOf(query, 0)
	if err != nil {
		return err
	}
	id, name, _ := strings.Cut(r.HTTP.PathValue("address"), "_")
	if name == "" || len(id) > user.MaxID || len(name) > upload.MaxFileName {
		return media.ErrPictureNotFound
	}
	p, err := a.openPicture(r, id, name, side)
	if moved, ok := errors.AsType[*media.Moved](err); ok {
		r.Redirect(moved.To.Path())
		return nil
	}
	if err != nil {
		return err
	}
	if p.SignedAddress != "" {
		r.RedirectBriefly(p.SignedAddress, media.SignedKept)
		return nil
	}
	defer func() { _ = p.Close() }() // it was only read
	r.AsPicture()
	if p.Address != "" && query.Get("v") == p.Address {
		r.CacheForever()
	} else {
		r.CacheRevalidated() // the address serves the newest picture
	}
	r.Header()["Content-Disposition"] = []string{`inline; filename="` + p.Name + `"`} // safe characters only
	servePicture(r, p)
	return nil
}

// openPicture opens a picture, or signs the address of its file, which is for a GET.
func (a *API) openPicture(r *wire.Request, id, name string, side int) (*media.Open, error) {
	if r.HTTP.Method == http.MethodGet {
		return a.owners.Pictures.OpenOrSign(r.Context(), id, name, side)
	}
	return a.owners.Pictures.Open(r.Context(), id, name, side)
}

func servePicture(r *wire.Request, p *media.Open) {
	h := r.Header()
	h["Content-Type"] = []string{p.ContentType}
	h["Etag"] = []string{`"` + p.Version + `"`}
	r.ServeContent("", p.UpdatedAt, p.Blob) // not p: the kernel can send a file
}

var errSize = wire.Malformed("The size must be 64, 128, 256 or 512, in pixels.", nil)

// sideOf returns which of [media.Sides] a query asks for with size, or the default
// if it does not.
func sideOf(query url.Values, otherwise int) (int, error) {
	if !query.Has("size") {
		return otherwise, nil
	}
	for _, side := range media.Sides {
		if query.Get("size") == strconv.Itoa(side) {
			return side, nil
		}
	}
	return 0, errSize
}
