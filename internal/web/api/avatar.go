package api

import (
	"bytes"
	"net/http"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

// avatarSide is the side of a default avatar in pixels, if the address names none.
const avatarSide = 256

var pngType = []string{"image/png"}

// Avatar serves the default avatar of users without a picture.
func (a *API) Avatar(r *wire.Request) error {
	key, isPNG := strings.CutSuffix(r.HTTP.PathValue("file"), wire.AvatarEnd)
	if !isPNG {
		return account.ErrPictureNotFound
	}
	side, err := sideOf(r.HTTP.URL.Query(), avatarSide)
	if err != nil {
		return err
	}
	avatar, err := a.accounts.DrawFace(r.Context(), key, side, account.Client{IP: r.IP()})
	if err != nil {
		return err
	}
	r.AsPicture()
	r.CacheForever() // another name has another address
	h := r.Header()
	h["Content-Type"] = pngType
	h["Etag"] = []string{`"` + avatar.Version + `"`}
	http.ServeContent(r, r.HTTP, "", time.Time{}, bytes.NewReader(avatar.PNG))
	return nil
}
