package api

import (
	"net/http"
	"strconv"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/session"
	"github.com/cardea-accounts/cardea/internal/user"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

// userJSON is the user object of the contract.
type userJSON struct {
	ID             string            `json:"id"`
	Name           string            `json:"name"`
	Email          string            `json:"email"`
	EmailVerified  bool              `json:"email_verified"`
	ProfilePicURL  *string           `json:"profile_pic_url"`
	ProfilePicURLs map[string]string `json:"profile_pic_urls"` // square crops by side
	AvatarURL      string            `json:"avatar_url"`
	CreatedAt      string            `json:"created_at"`
}

type userAnswer struct {
	wire.Envelope
	User userJSON `json:"user"`
}

func (a *API) userAnswer(r *wire.Request, message string, u user.User) userAnswer {
	base := r.PublicAddress()
	out := userJSON{
		ID: u.ID, Name: u.Name, Email: u.Email, EmailVerified: u.EmailVerified,
		AvatarURL: a.AvatarURL(base, u), CreatedAt: rfc3339(u.CreatedAt),
	}
	if address := PictureURL(base, u); address != "" {
		out.ProfilePicURL = &address
		out.ProfilePicURLs = cropURLs(address, u.Picture.CropsVersion)
	}
	return userAnswer{wire.Success(message), out}
}

// cropURLs are the addresses of a picture's crops by side; nil if there are none.
func cropURLs(address, version string) map[string]string {
	if version == "" {
		return nil
	}
	urls := map[string]string{}
	for _, side := range media.Sides {
		size := strconv.Itoa(side)
		urls[size] = address + "?size=" + size + "&v=" + version
	}
	return urls
}

// PictureURL is the address of a user's picture below a public address; empty if
// there is none.
func PictureURL(base string, u user.User) string {
	if u.Picture == nil {
		return ""
	}
	return base + "/" + u.Picture.Path()
}

// AvatarURL is the address of a user's picture or, without one, of the default
// avatar.
func (a *API) AvatarURL(base string, u user.User) string {
	return base + "/" + a.owners.Avatars.Path(u)
}

type registerForm struct {
	Name     string `json:"name"`
	Email    string `json:"email"`
	Password string `json:"password"`
}

// Register makes an account and signs in to it.
func (a *API) Register(r *wire.Request) error {
	var form registerForm
	if err := r.Decode(&form); err != nil {
		return err
	}
	u, signIn, err := a.owners.Accounts.Register(r.Context(), account.Registration{
		Name: form.Name, Email: form.Email, Password: account.Password(form.Password),
	}, r.Client())
	if err != nil {
		return err
	}
	r.Session = &session.Session{User: u} // for the log
	r.SetSignIn(signIn)
	r.JSON(http.StatusCreated, a.userAnswer(r, "Registration successful!", u))
	return nil
}

// User says who is signed in.
func (a *API) User(r *wire.Request) error {
	origin := r.Origin()
	kept, _ := r.Session.Memo.Load().(*keptUser)
	if kept == nil || kept.origin != origin {
		kept = &keptUser{origin, wire.NewAnswer(a.userAnswer(r, "", r.Session.User))}
		r.Session.Memo.Store(kept)
	}
	r.Send(http.StatusOK, kept.answer)
	return nil
}

// keptUser is the answer of User, kept with the session.
type keptUser struct {
	origin wire.Origin // of its links
	answer wire.Answer
}

type renameForm struct {
	Name string `json:"name"`
}

// Rename changes the user's name.
func (a *API) Rename(r *wire.Request) error {
	var form renameForm
	if err := r.Decode(&form); err != nil {
		return err
	}
	u, err := a.owners.Accounts.Rename(r.Context(), r.Session.User, form.Name, r.Client())
	if err != nil {
		return err
	}
	r.JSON(http.StatusOK, a.userAnswer(r, "", u))
	return nil
}
