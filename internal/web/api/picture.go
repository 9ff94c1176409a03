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
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

// ErrUnauthorized is how uploads refuse requests without a session. The source
// document has these words here, and "Not logged in" everywhere else.
var ErrUnauthorized = &guard.Error{Kind: guard.KindUnauthenticated, Code: guard.ErrNotLoggedIn.Code, Message: "Unauthorized"}

// UploadPicture makes the uploaded file the user's picture.
func (a *API) UploadPicture(r *wire.Request) error {
	body := r.MeteredBody()
	defer body.Release()
	upload, err := readUpload(r.HTTP, body, a.uploadMaxBytes)
	if err != nil {
		return err
	}
	p, err := a.owners.Pictures.Set(r.Context(), r.Session.User.ID, upload, r.Client())
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
	if name == "" || len(id) > user.MaxID || len(name) > maxFileName {
		return media.ErrPictureNotFound
	}
	p, err := a.owners.Pictures.Open(r.Context(), id, name, side)
	if moved, ok := errors.AsType[*media.Moved](err); ok {
		r.Redirect(moved.To.Path())
		return nil
	}
	if err != nil {
		return err
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
