package pages

import (
	"archive/zip"
	"bytes"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// registered returns a browser that has registered by the form.
func registered(t *testing.T, server *testkit.Server, email string) *visitor {
	t.Helper()
	v := browserOf(t, server)
	leadsTo(t, v.post("/register", "name", "Ada", "email", email, "password", "simplepass"), "./")
	return v
}

// saw sends a form of the account page, and fails the test unless it leads back there, to a
// section that says what was done.
func (v *visitor) saw(t *testing.T, text, section, path string, fields ...string) {
	t.Helper()
	address := v.post(path, fields...).Want(http.StatusSeeOther).Header.Get("Location")
	to, fragment, _ := strings.Cut(address, "#")
	if fragment != section || !strings.HasPrefix(to, "../account?done=") {
		t.Errorf("%s leads to %s", path, address)
	}
	says(t, v.Get(strings.TrimPrefix(to, "..")), 200, `role="status">`+text)
}

// lacks fails the test if a page has a text.
func lacks(t *testing.T, page *testkit.Answer, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(string(page.Body), text) {
			t.Errorf("the page has %q:\n%s", text, page.Body)
		}
	}
}

func TestRegisterForm(t *testing.T) {
	server := testkit.Start(t)
	visitor := browserOf(t, server)
	says(t, visitor.Get("/register"), 200, `autocomplete="name"`, `autocomplete="username"`, `autocomplete="new-password"`, `minlength="8"`)
	page := visitor.post("/register", "name", " ", "email", "ada", "password", "short")
	says(t, page, 400, `<a href="#name">Enter a name.`, `<a href="#email">This is not an e-mail address`, `<a href="#password">The password is too short`, `value="ada"`)
	lacks(t, page, `value="short"`)
	answer := visitor.post("/register", "name", "Ada", "email", "ada@example.com", "password", "simplepass")
	leadsTo(t, answer, "./")
	if answer.Cookie == nil {
		t.Fatal("no session")
	}
	leadsTo(t, visitor.Get("/register"), "./")
	page = browserOf(t, server).post("/register", "name", "Eve", "email", "ada@example.com", "password", "simplepass")
	says(t, page, 409, `<a href="#email">An account with this e-mail address already exists.`, `value="Eve"`)
}

// Where addresses are verified first, the form tells nobody which addresses are taken.
func TestRegisterFormWithVerification(t *testing.T) {
	server := testkit.Start(t, development, func(c *cardea.Config) { c.EmailVerification = "required" })
	for range 2 {
		visitor := browserOf(t, server)
		answer := visitor.post("/register", "name", "Ada", "email", "ada@example.com", "password", "simplepass")
		leadsTo(t, answer, "register?sent")
		if answer.Cookie != nil {
			t.Error("a session")
		}
		says(t, visitor.Get("/register?sent"), 200, "We have sent a link to ada@example.com. Open it to finish.")
	}
}

func TestLogoutForm(t *testing.T) {
	server := testkit.Start(t)
	visitor := registered(t, server, "ada@example.com")
	says(t, visitor.Get("/logout"), 200, "Sign out?", `method="post"`)
	says(t, visitor.Get("/account"), 200) // asking has changed nothing
	for range 2 {
		leadsTo(t, visitor.post("/logout"), "logout")
		says(t, visitor.Get("/logout"), 200, "You are signed out")
		leadsTo(t, visitor.Get("/account"), "./login?next=%2Faccount")
	}
	leadsTo(t, visitor.post("/account/profile", "name", "Eve"), "../login?ended&next=%2Faccount")
	says(t, visitor.Get("/login?ended"), 200, "You are no longer signed in, so nothing was changed.")
}

func TestProfileForm(t *testing.T) {
	server := testkit.Start(t)
	visitor := registered(t, server, "ada@example.com")
	says(t, visitor.Get("/account"), 200, `value="Ada"`, `<option value="en" lang="en" selected>English`)
	visitor.saw(t, "Profile saved.", "profile", "/account/profile", "name", "Ada Lovelace", "language", "en")
	says(t, visitor.Get("/account"), 200, `value="Ada Lovelace"`)
	visitor.saw(t, "Profil gespeichert.", "profile", "/account/profile", "name", "Ada Lovelace", "language", "de")
	page := visitor.post("/account/profile", "name", strings.Repeat("x", 101), "language", "de")
	says(t, page, 400, `<a href="#profile-name">Der Name ist zu lang`, strings.Repeat("x", 101), `aria-describedby="profile-name-problem"`)
	leadsTo(t, visitor.Get("/account/profile"), "../account#profile")
}

func TestPictureForm(t *testing.T) {
	server := testkit.Start(t, func(c *cardea.Config) { c.UploadMaxBytes = 100_000 })
	visitor := registered(t, server, "ada@example.com")
	send := func(name string, data []byte) *testkit.Answer {
		body, contentType := testkit.Form(t, "profile_pic", name, data)
		return visitor.Send("POST", "/account/picture", contentType, body)
	}
	lacks(t, visitor.Get("/account"), "Remove picture")
	leadsTo(t, visitor.keep(send("me.png", testkit.PNG(300, 200))), "../account?done=picture#profile")
	says(t, visitor.Get("/account?done=picture"), 200, "Picture saved.", "_me.png?size=256", "Remove picture")
	says(t, send("me.txt", []byte("text")), 400, `<a href="#picture-profile_pic">This file is not a picture that we can use.`, `aria-invalid="true"`)
	says(t, send("me.png", make([]byte, 100_001)), 413, "This file is too large: at most 100000 bytes.")
	says(t, send("", nil), 400, "Choose a file first.")
	for range 2 { // twice is no error
		visitor.saw(t, "Picture removed.", "profile", "/account/picture", "remove", "1")
	}
	lacks(t, visitor.Get("/account"), "Remove picture")
}

// The address changes after the password, and after the link in the new mailbox.
func TestEmailForm(t *testing.T) {
	server := testkit.Start(t, development)
	visitor := registered(t, server, "ada@example.com")
	visitor.saw(t, "We have sent a link and a code to ada@example.com.", "email", "/account/email", "send", "1")
	leadsTo(t, visitor.post("/verify", "token", newest(t, server, "ada@example.com", "verify").token()), "verify?done")
	page := visitor.Get("/account")
	says(t, page, 200, "Confirmed")
	lacks(t, page, "Send link again", `id="email-current_password"`)
	leadsTo(t, visitor.post("/account/email", "send", "1"), "../account#email")

	server.Clock.Advance(6 * time.Minute)
	says(t, visitor.Get("/account"), 200, `id="email-current_password"`)
	says(t, visitor.post("/account/email", "email", "ada@example.org"), 400, `<a href="#email-current_password">Enter your current password.`, `value="ada@example.org"`)
	says(t, visitor.post("/account/email", "email", "ada@example.org", "current_password", "wrongpass"), 400, "The password is wrong.")
	says(t, visitor.post("/account/email", "email", "nonsense", "current_password", "simplepass"), 400, `<a href="#email-email">This is not an e-mail address`)
	visitor.saw(t, "We have sent a link to ada@example.org. Nothing changes", "email", "/account/email", "email", "ada@example.org")
	leadsTo(t, visitor.post("/verify", "token", newest(t, server, "ada@example.org", "change").token()), "verify?done")
	says(t, visitor.Get("/account"), 200, "<bdi>ada@example.org</bdi>")
}

func TestPasswordForm(t *testing.T) {
	server := testkit.Start(t)
	visitor := registered(t, server, "ada@example.com")
	other := server.Login(t, "ada@example.com")
	says(t, visitor.post("/account/password", "current_password", "wrongpass", "new_password", "another pass phrase"), 400, `<a href="#password-current_password">The password is wrong.`)
	page := visitor.post("/account/password", "current_password", "", "new_password", "password")
	says(t, page, 400, "Enter your current password.", `<a href="#password-new_password">This password is one of the most common`)
	lacks(t, page, `value="password"`)
	visitor.saw(t, "Password changed.", "password", "/account/password", "current_password", "simplepass", "new_password", "another pass phrase")
	other.Get("/api/user").WantError(401, "not_logged_in")
	server.NewClient(t).Post("/api/login", testkit.Credentials("ada@example.com", "another pass phrase")).Want(200)
}

// The user's own device comes first and has no button. The others end one by one, or all
// after the password.
func TestSessionsForm(t *testing.T) {
	server := testkit.Start(t, func(c *cardea.Config) { c.SessionsPerUser = 200 })
	visitor := registered(t, server, "ada@example.com")
	says(t, visitor.Get("/account"), 200, "You are not signed in anywhere else.")
	firefox := server.NewClient(t)
	firefox.Header.Set("User-Agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:125.0) Gecko/20100101 Firefox/125.0")
	for range 60 {
		server.Clock.Advance(time.Second)
		firefox.Cookie = ""
		firefox.Login("ada@example.com")
	}
	page := visitor.Get("/account")
	says(t, page, 200, "Sign out Firefox on Windows", "This device")
	devices := strings.Split(string(page.Body), "<li>\n<svg")[1:]
	if len(devices) != 51 || !strings.Contains(devices[0], "This device") || strings.Contains(devices[0], `name="id"`) || strings.Contains(devices[1], "This device") {
		t.Errorf("%d devices: %s", len(devices), page.Body)
	}
	next := regexp.MustCompile(`href="\./(account\?after=[^"#]+)#sessions"`).FindStringSubmatch(string(page.Body))
	if next == nil {
		t.Fatalf("no next page: %s", page.Body)
	}
	rest := visitor.Get("/" + next[1])
	says(t, rest, 200, "Firefox on Windows")
	lacks(t, rest, "Show more devices", "This device")

	id := regexp.MustCompile(`name="id" value="(\w+)"`).FindStringSubmatch(devices[1])[1]
	visitor.saw(t, "That device is signed out.", "sessions", "/account/sessions", "id", id)
	firefox.Get("/api/user").WantError(401, "not_logged_in")
	server.Clock.Advance(6 * time.Minute)
	says(t, visitor.post("/account/sessions", "others", "1"), 400, `<a href="#sessions-current_password">Enter your current password.`)
	visitor.saw(t, "You are signed out everywhere else.", "sessions", "/account/sessions", "others", "1", "current_password", "simplepass")
	says(t, visitor.Get("/account"), 200, "You are not signed in anywhere else.")
}

func TestExportForm(t *testing.T) {
	server := testkit.Start(t)
	visitor := registered(t, server, "ada@example.com")
	answer := visitor.post("/account/export").Want(200)
	answer.WantHeaders(map[string]string{"Content-Disposition": `attachment; filename="account.zip"`})
	archive, err := zip.NewReader(bytes.NewReader(answer.Body), int64(len(answer.Body)))
	if err != nil || archive.File[0].Name != "account.json" {
		t.Errorf("%v", err)
	}
}

func TestDeleteForm(t *testing.T) {
	server := testkit.Start(t)
	visitor := registered(t, server, "ada@example.com")
	says(t, visitor.Get("/account"), 200, "It cannot be undone.", `id="delete-current_password"`)
	says(t, visitor.post("/account/delete"), 400, "Enter your current password.") // however recently it was given
	says(t, visitor.post("/account/delete", "current_password", "wrongpass"), 400, `<a href="#delete-current_password">The password is wrong.`, "<details open>")
	leadsTo(t, visitor.post("/account/delete", "current_password", "simplepass"), "../logout?deleted")
	says(t, visitor.Get("/logout?deleted"), 200, "Your account is deleted")
	leadsTo(t, visitor.post("/account/delete", "current_password", "simplepass"), "../login?ended&next=%2Faccount")
	server.NewClient(t).Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).WantError(401, "invalid_credentials")
}

// Beyond a limit, the section says how long to wait.
func TestThrottledAccountForm(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled, testkit.Limits("account=1/10m"))
	visitor := registered(t, server, "ada@example.com")
	wrong := []string{"current_password", "wrongpass", "new_password", "another pass phrase"}
	visitor.post("/account/password", wrong...).Want(400)
	says(t, visitor.post("/account/password", wrong...), 429, "Too many attempts. Try again in ", `data-wait="`, `data-wait-text="`)
}

// Other sites can send none of the forms.
func TestAccountFormsOfOtherSites(t *testing.T) {
	server := testkit.Start(t)
	visitor := registered(t, server, "ada@example.com")
	visitor.Header.Set("Sec-Fetch-Site", "cross-site")
	for _, path := range []string{"/logout", "/register", "/account/profile", "/account/picture", "/account/email", "/account/password", "/account/sessions", "/account/export", "/account/delete"} {
		says(t, visitor.post(path, "name", "Eve", "current_password", "simplepass"), 403, "Another site sent this form.")
	}
	visitor.Header.Set("Sec-Fetch-Site", "same-origin")
	says(t, visitor.Get("/account"), 200, `value="Ada"`)
}

func TestWellKnown(t *testing.T) {
	server := testkit.Start(t)
	visitor := browserOf(t, server)
	if to := visitor.Get("/.well-known/change-password").Want(302).Header.Get("Location"); to != "../account#password" {
		t.Errorf("it leads to %s", to)
	}
	says(t, visitor.Get("/.well-known/security.txt"), 404)
	for contact, want := range map[string]string{"security@example.com": "mailto:security@example.com", "https://example.com/security": "https://example.com/security"} {
		server := testkit.Start(t, func(c *cardea.Config) { c.SecurityContact = contact })
		text := string(browserOf(t, server).Get("/.well-known/security.txt").Want(200).Body)
		expires := server.Clock.Now().Add(180 * 24 * time.Hour).Format("2006-01-02")
		if text != fmt.Sprintf("Contact: %s\nExpires: %sT00:00:00Z\nPreferred-Languages: en, de, es, fr\n", want, expires) {
			t.Errorf("%s", text)
		}
	}
}
