package pages

import (
	"bytes"
	"html/template"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

var homePage = template.Must(template.ParseFS(files, "html/home.html"))

// Home shows who is signed in, if anybody is.
func (p *Pages) Home(r *wire.Request) error {
	data := struct {
		Address string
		User    *account.User
		Avatar  string
	}{Address: r.PublicAddress()}
	if r.Session.ID != "" {
		data.User, data.Avatar = &r.Session.User, p.avatar(r.Session.User)
	}
	var page bytes.Buffer
	if err := homePage.Execute(&page, data); err != nil {
		return err
	}
	r.AsPage()
	_, _ = r.Write(page.Bytes()) // an error means that the client is gone
	return nil
}

// avatar is the relative address of a user's avatar, large enough for any screen at
// 64 pixels a side. It is relative because it has to be of the page's own origin.
func (p *Pages) avatar(u account.User) string {
	if u.Picture == nil {
		return wire.AvatarPath(p.accounts.FaceKey(u)) + "?size=256"
	}
	if u.Picture.CropsVersion == "" {
		return wire.PicturePath(*u.Picture) + "?v=" + u.Picture.Version
	}
	return wire.PicturePath(*u.Picture) + "?size=256&v=" + u.Picture.CropsVersion
}
