package web

import (
	"bytes"
	"net/http"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea/internal/account"
)

// avatarSide is the side in pixels of a face where the address names none.
const avatarSide = 256

var pngType = []string{"image/png"}

// avatar serves the face of who has no picture.
func (s *Server) avatar(w http.ResponseWriter, r *http.Request) error {
	key, isPNG := strings.CutSuffix(r.PathValue("file"), avatarEnd)
	if !isPNG {
		return account.ErrPictureNotFound
	}
	side, err := sideOf(r.URL.Query(), avatarSide)
	if err != nil {
		return err
	}
	face, err := s.accounts.DrawFace(r.Context(), key, side, account.Client{IP: s.clientIP(r)})
	if err != nil {
		return err
	}
	h := w.Header()
	h["Content-Security-Policy"] = pictureCSP
	h["Cross-Origin-Resource-Policy"] = anyOrigin
	h["Cache-Control"] = forEver // another name has another address
	h["Content-Type"] = pngType
	h["Etag"] = []string{`"` + face.Version + `"`}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(face.PNG))
	return nil
}

const avatarEnd = ".png"

// AvatarURL is the absolute address of what a person looks like: their picture, or
// else a face drawn from their name.
func (s *Server) AvatarURL(r *http.Request, u account.User) string {
	if u.Picture != nil {
		return s.addressOf(r, *u.Picture)
	}
	return s.publicAddress(r) + "/" + s.facePath(u)
}

func (s *Server) facePath(u account.User) string {
	return "avatars/" + s.accounts.FaceKey(u) + avatarEnd
}

// avatarPath is where the pages find what a person looks like, sharp on any screen at
// 64 pixels a side.
func (s *Server) avatarPath(u account.User) string {
	if u.Picture == nil {
		return s.facePath(u) + "?size=256"
	}
	if u.Picture.CropsVersion == "" {
		return picturePath(*u.Picture) + "?v=" + u.Picture.Version
	}
	return picturePath(*u.Picture) + "?size=256&v=" + u.Picture.CropsVersion
}
