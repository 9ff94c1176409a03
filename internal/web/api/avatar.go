package api

import (
	"bytes"
	"errors"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/user"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

// avatarSide is the side of a default avatar in pixels, if the address names none.
const avatarSide = 256

var pngType = []string{"image/png"}

// Avatar serves the default avatar of users without a picture.
func (a *API) Avatar(r *wire.Request) error {
	key, isPNG := strings.CutSuffix(r.HTTP.PathValue("file"), ".png")
	if !isPNG {
		return media.ErrPictureNotFound
	}
	side, err := sideOf(r.Query(), avatarSide)
	if err != nil {
		return err
	}
	avatar, err := a.owners.Avatars.Draw(r.Context(), key, side, guard.Client{IP: r.IP()})
	if err != nil {
		return err
	}
	r.AsPicture()
	r.CacheForever() // another name has another address
	serveAvatar(r, avatar)
	return nil
}

// UserAvatar serves what the user with an id looks like: the square crop of the picture,
// or the default avatar. It always answers, for unknown users too.
func (a *API) UserAvatar(r *wire.Request) error {
	side, err := sideOf(r.Query(), avatarSide)
	if err != nil {
		return err
	}
	id := r.HTTP.PathValue("id")
	id = id[:min(len(id), user.MaxID+1)] // longer ones are unknown
	p, err := a.openPicture(r, id, "", side)
	if errors.Is(err, media.ErrPictureNotFound) {
		avatar, err := a.owners.Avatars.DrawForID(r.Context(), id, side, guard.Client{IP: r.IP()})
		if err != nil {
			return err
		}
		r.AsPicture()
		r.CacheBriefly()
		serveAvatar(r, avatar)
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
	r.CacheBriefly()
	servePicture(r, p)
	return nil
}

func serveAvatar(r *wire.Request, avatar media.Avatar) {
	h := r.Header()
	h["Content-Type"] = pngType
	h["Etag"] = []string{`"` + avatar.Version + `"`}
	r.ServeContent("", time.Time{}, bytes.NewReader(avatar.PNG))
}
