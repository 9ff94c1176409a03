package api

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/user"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

// ForwardAuth tells a proxy whether a request may pass, and whose it is. Without a session,
// browsers are led to the sign-in, and from there back.
func (a *API) ForwardAuth(r *wire.Request) error {
	if r.Session != nil {
		h := r.Header()
		for _, about := range a.gateHeaders(r) {
			h[about.name] = about.value
		}
		r.Send(http.StatusOK, mayPass)
		return nil
	}
	// nginx takes the address from a 401, and nothing else than that.
	r.Header().Set("Location", r.SignInPage(r.ProxiedNext()))
	if !r.IsNavigation() {
		return guard.ErrNotLoggedIn
	}
	r.WriteHeader(http.StatusFound)
	return nil
}

var mayPass = wire.NewAnswer(wire.Success(""))

// header is a header of an answer, as a map has it.
type header struct {
	name  string
	value []string
}

// gateHeaders are the headers about the signed-in user. They are kept with the session.
func (a *API) gateHeaders(r *wire.Request) []header {
	k := keptFor(r)
	if k.gate == nil {
		k = &kept{k.origin, k.user, headersAbout(r.Session.User, a.AvatarURL(r.PublicAddress(), r.Session.User))}
		r.Session.Memo.Store(k)
	}
	return k.gate
}

func headersAbout(u user.User, avatar string) []header {
	return []header{
		{"Cardea-User-Id", []string{u.ID}},
		{"Cardea-User-Name", []string{headerText(u.Name)}},
		{"Cardea-User-Email", []string{headerText(u.Email)}},
		{"Cardea-User-Email-Verified", []string{strconv.FormatBool(u.EmailVerified)}},
		{"Cardea-User-Avatar", []string{avatar}},
	}
}

// extended begins a text that is encoded as RFC 8187 says.
const extended = "UTF-8''"

// headerText is a text as it stands in a header: as it is, or encoded (RFC 8187 section
// 3.2) if it has characters beyond ASCII, or looks as if it were encoded.
func headerText(text string) string {
	isOther := func(r rune) bool { return r < ' ' || r > '~' }
	if !strings.ContainsFunc(text, isOther) && !strings.HasPrefix(strings.ToUpper(text), extended) {
		return text
	}
	const hex, signs = "0123456789ABCDEF", "!#$&+-.^_`|~"
	var b strings.Builder
	b.WriteString(extended)
	for i := range len(text) {
		switch c := text[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte(signs, c) >= 0:
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}
