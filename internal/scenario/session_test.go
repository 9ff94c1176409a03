package scenario

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/token"
)

func TestSessionsAreListedAndEnded(t *testing.T) {
	server := testkit.Start(t)
	laptop := server.Register(t, "ada@example.com")
	phone := server.NewClient(t)
	phone.Header.Set("User-Agent", "Phone/1.0")
	phone.Login("ada@example.com")
	stranger := server.Register(t, "eve@example.com")

	list := phone.Get("/api/sessions").Want(http.StatusOK).Envelope().Sessions
	if len(list) != 2 {
		t.Fatalf("sessions %+v, want two", list)
	}
	mine, other := list[0], list[1]
	if !mine.Current {
		mine, other = other, mine
	}
	if !mine.Current || other.Current || mine.UserAgent != "Phone/1.0" || mine.IP != "127.0.0.1" {
		t.Errorf("sessions %+v", list)
	}
	for _, c := range []*testkit.Client{phone, laptop} {
		if strings.Contains(string(c.Get("/api/sessions").Body), c.Cookie) {
			t.Error("the list shows a token")
		}
	}

	stranger.Delete("/api/sessions/"+other.ID).WantError(http.StatusNotFound, "session_not_found")
	phone.Delete("/api/sessions/none").WantError(http.StatusNotFound, "session_not_found")
	server.NewClient(t).Delete("/api/sessions/" + other.ID).Want(http.StatusUnauthorized)
	laptop.Get("/api/user").Want(http.StatusOK)

	phone.Delete("/api/sessions/" + other.ID).Want(http.StatusOK)
	laptop.Get("/api/user").Want(http.StatusUnauthorized)
	phone.Delete("/api/sessions/"+other.ID).WantError(http.StatusNotFound, "session_not_found")

	laptop.Login("ada@example.com")
	phone.Delete("/api/sessions").Want(http.StatusOK)
	laptop.Get("/api/user").Want(http.StatusUnauthorized)
	phone.Get("/api/user").Want(http.StatusOK)
	stranger.Get("/api/user").Want(http.StatusOK)

	phone.Delete("/api/sessions/" + mine.ID).Want(http.StatusOK)
	phone.Get("/api/user").Want(http.StatusUnauthorized)
}

func TestSessionsExpire(t *testing.T) {
	const day = 24 * time.Hour
	server := testkit.Start(t)

	idle := server.Register(t, "idle@example.com")
	server.Clock.Advance(14*day - time.Second)
	idle.Get("/api/user").Want(http.StatusOK)
	server.Clock.Advance(14 * day)
	idle.Get("/api/user").WantError(http.StatusUnauthorized, "not_logged_in")
	server.Clock.Advance(-14 * day)
	idle.Get("/api/user").Want(http.StatusUnauthorized) // setting the clock back revives no session

	old := server.Register(t, "old@example.com")
	for range 89 {
		server.Clock.Advance(day)
		old.Get("/api/user").Want(http.StatusOK)
	}
	server.Clock.Advance(day)
	old.Get("/api/user").Want(http.StatusUnauthorized)
	server.Clock.Advance(365 * day) // passwords do not age
	old.Login("old@example.com")
	if list := server.Register(t, "new@example.com").Get("/api/sessions").Envelope().Sessions; len(list) != 1 {
		t.Errorf("sessions %+v", list)
	}
}

// The list says when each session expires if it is not used any more, or at its maximum age.
func TestSessionsSayWhenTheyExpire(t *testing.T) {
	server := testkit.Start(t, func(c *cardea.Config) { c.SessionIdle, c.SessionMax = 3*time.Hour, 5*time.Hour })
	ada := server.Register(t, "ada@example.com")
	expires := func() string { return ada.Get("/api/sessions").Want(http.StatusOK).Envelope().Sessions[0].ExpiresAt }
	for _, want := range []string{"2026-11-22T18:04:05Z", "2026-11-22T20:04:05Z", "2026-11-22T20:04:05Z"} {
		if got := expires(); got != want {
			t.Errorf("at %v it expires at %s, want %s", server.Clock.Now(), got, want)
		}
		server.Clock.Advance(2*time.Hour + 20*time.Minute)
		ada.Get("/api/user") // last seen is written
	}
	ada.Get("/api/user").Want(http.StatusUnauthorized)
}

// Last-seen is updated at most hourly.
func TestLastSeenIsWrittenHourly(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	lastSeen := func() string { return client.Get("/api/sessions").Envelope().Sessions[0].LastSeenAt }
	at := lastSeen()
	for range 5 {
		server.Clock.Advance(10 * time.Minute)
		if got := lastSeen(); got != at {
			t.Fatalf("updated to %s too early", got)
		}
	}
	server.Clock.Advance(10 * time.Minute)
	if client.Get("/api/user"); lastSeen() != "2026-11-22T16:04:05Z" {
		t.Errorf("last seen %s an hour later", lastSeen())
	}
}

// With a short idle limit, a session in use stays alive, and an idle one expires in time.
func TestShortIdleLimit(t *testing.T) {
	server := testkit.Start(t, func(c *cardea.Config) { c.SessionIdle = time.Minute })
	client := server.Register(t, "ada@example.com")
	for range 10 {
		server.Clock.Advance(50 * time.Second)
		client.Get("/api/user").Want(http.StatusOK)
	}
	server.Clock.Advance(time.Minute)
	client.Get("/api/user").Want(http.StatusUnauthorized)
}

// A cookie that is not the token of a session is ignored.
func TestForeignCookies(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	token := client.Cookie
	flipped := []byte(token)
	flipped[7] ^= 1
	for _, cookie := range []string{
		"session=", "session", "session=x", "session=" + string(flipped), "session=" + token + "A", "session=" + token[:25],
		"session=" + strings.ToLower(token), "Session=" + token, "xsession=" + token,
		"session=eyJlbWFpbCI6InRlc3RAZ21haWwuY29tIn0.aGr_AA.YPS7NYQnu1Iwb3x-zSAoGv_4SbA",
		"session=\x80\xff\"';--", "; ; =; session=" + strings.Repeat("A", 20_000),
	} {
		client.Header.Set("Cookie", cookie)
		client.Cookie = ""
		client.Get("/api/user").WantError(http.StatusUnauthorized, "not_logged_in")
	}
	for _, cookie := range []string{
		"session=" + token, `session="` + token + `"`, "a=b; session=" + token + "; c=d",
		"session=left-by-the-backend-before; session=" + token,
	} {
		client.Header.Set("Cookie", cookie)
		client.Get("/api/user").Want(http.StatusOK)
	}
}

// Of several session cookies, the first live one counts, wherever it is. Login and logout
// end all that are live.
func TestSeveralSessionCookies(t *testing.T) {
	server := testkit.Start(t)
	server.Register(t, "ada@example.com")
	session := func() string { return server.Login(t, "ada@example.com").Cookie }
	old := server.Login(t, "ada@example.com")
	dead := old.Cookie
	old.Post("/api/logout", nil).Want(http.StatusOK)
	client := server.NewClient(t)
	send := func(tokens ...string) {
		client.Cookie = ""
		client.Header.Set("Cookie", "session="+strings.Join(tokens, "; session="))
	}
	bogus := make([]string, 179) // with the live one, as many as a browser keeps for a site
	for i := range bogus {
		bogus[i] = string(token.New())
	}
	live := session()
	for _, tokens := range [][]string{
		{dead, live}, {live, dead}, {dead, "x", dead, dead, live}, {live, session()}, {live, live},
		append(bogus, live), append([]string{live}, bogus...), append(append(bogus, bogus...), live),
	} {
		send(tokens...)
		client.Get("/api/user").Want(http.StatusOK)
	}
	send(append(bogus, dead)...)
	client.Get("/api/user").WantError(http.StatusUnauthorized, "not_logged_in")

	for what, end := range map[string]func(){
		"logout":       func() { client.Post("/api/logout", nil).Want(http.StatusOK) },
		"login":        func() { client.Login("ada@example.com") },
		"registration": func() { client.Register("eve@example.com") },
	} {
		first, second := session(), session()
		send(append(append([]string{first}, bogus[:177]...), dead, second)...)
		end()
		for i, ended := range []string{first, second} {
			send(ended)
			if answer := client.Get("/api/user"); answer.Status != http.StatusUnauthorized {
				t.Errorf("after the %s, live cookie %d answers %d", what, i+1, answer.Status)
			}
		}
	}
	send(append(bogus, dead, session())...)
	client.Post("/api/password", testkit.PasswordChange("simplepass", "another one")).Want(http.StatusOK)
	client.Header.Del("Cookie")
	client.Get("/api/user").Want(http.StatusOK) // with the fresh cookie
}
