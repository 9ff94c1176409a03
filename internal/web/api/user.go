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
	Language       *string           `json:"language"`
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
	if u.Language != "" {
		out.Language = &u.Language
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
	if a.owners.Accounts.VerifiesFirst() {
		r.NameBrowser()
	}
	u, signIn, err := a.owners.Accounts.Register(r.Context(), account.Registration{
		Name: form.Name, Email: form.Email, Password: account.Password(form.Password),
	}, r.Client())
	if err != nil {
		return err
	}
	if signIn.Session == "" {
		r.SetBrowser()
		r.JSON(http.StatusAccepted, wire.Success("Check your e-mail to finish."))
		return nil
	}
	r.Session = &session.Session{User: u} // for the log
	r.SetSignIn(signIn)
	r.JSON(http.StatusCreated, a.userAnswer(r, "Registration successful!", u))
	return nil
}

// User says who is signed in.
func (a *API) User(r *wire.Request) error {
	k := keptFor(r)
	if k.user == nil {
		answer := wire.NewAnswer(a.userAnswer(r, "", r.Session.User))
		k = &kept{k.origin, &answer, k.gate}
		r.Session.Memo.Store(k)
	}
	r.Send(http.StatusOK, *k.user)
	return nil
}

// kept is what is kept with a session: answers that depend on user and origin only.
type kept struct {
	origin wire.Origin  // of links
	user   *wire.Answer // of User; nil: none yet
	gate   []header     // of ForwardAuth; nil: none yet
}

// keptFor returns what is kept for the session and the origin of a request.
func keptFor(r *wire.Request) *kept {
	origin := r.Origin()
	if k, _ := r.Session.Memo.Load().(*kept); k != nil && k.origin == origin {
		return k
	}
	return &kept{origin: origin}
}

type changeForm struct {
	Name     *string `json:"name"`
	Language *string `json:"language"`
}

// Change changes the user's name, language, or both.
func (a *API) Change(r *wire.Request) (err error) {
	var form changeForm
	if err := r.Decode(&form); err != nil {
		return err
	}
	u, err := a.owners.Accounts.Change(r.Context(), r.Session.User, account.Profile{Name: form.Name, Language: form.Language}, r.Client())
	if err != nil {
		return err
	}
	r.JSON(http.StatusOK, a.userAnswer(r, "", u))
	return nil
}
