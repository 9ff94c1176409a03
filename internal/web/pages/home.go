package pages

import (
	"bytes"
	"html/template"

	"github.com/cardea-accounts/cardea/internal/user"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

var homePage = template.Must(template.ParseFS(files, "html/home.html"))

// Home shows who is signed in, if anybody is.
func (p *Pages) Home(r *wire.Request) error {
	data := struct {
		Address string
		User    *user.User
		Avatar  string
	}{Address: r.PublicAddress()}
	if r.Session != nil {
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
func (p *Pages) avatar(u user.User) string {
	path := p.owners.Avatars.Path(u)
	switch {
	case u.Picture == nil:
		return path + "?size=256"
	case u.Picture.CropsVersion == "":
		return path + "?v=" + u.Picture.Version
	}
	return path + "?size=256&v=" + u.Picture.CropsVersion
}
