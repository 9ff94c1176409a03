package scenario

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// costly is text of 60 KB that is slow to normalise: marks in the wrong order.
var costly = strings.Repeat("\u1e9b\u0323\u0315\u0300\u05ae\u0062", 60_000/13)

// Every input is bounded by its own limit before any work on it. A login with an over-long
// address is answered like one with any other unknown address.
func TestLongInputsAreCheap(t *testing.T) {
	server := testkit.Start(t)
	ada := server.Register(t, "ada@example.com")
	picture := ada.Upload("a.png", testkit.PNG(5, 5)).PicturePath()
	long, params := strings.Repeat("a", 30_000), strings.Repeat("a&", 15_000)
	unread := testkit.Credentials("ada@example.com", "wrongpass")
	unread["unread"] = costly
	for what, c := range map[string]struct {
		method, path, header, value string
		body                        any
		status                      int
	}{
		"address of a login":        {"POST", "/api/login", "", "", testkit.Credentials(costly, "simplepass"), 401},
		"spaces around an address":  {"POST", "/api/login", "", "", testkit.Credentials(strings.Repeat(" ", 60_000)+"ada@example.com", "simplepass"), 401},
		"password of a login":       {"POST", "/api/login", "", "", testkit.Credentials("ada@example.com", costly), 401},
		"address of a registration": {"POST", "/api/register", "", "", testkit.Registration("Eve", costly, "simplepass"), 400},
		"name of a registration":    {"POST", "/api/register", "", "", testkit.Registration(costly, "eve@example.com", "simplepass"), 400},
		"password of one":           {"POST", "/api/register", "", "", testkit.Registration("Eve", "eve@example.com", costly), 400},
		"name":                      {"PATCH", "/api/user", "", "", map[string]any{"name": costly}, 400},
		"new password":              {"POST", "/api/password", "", "", testkit.PasswordChange("simplepass", costly), 400},
		"current password":          {"POST", "/api/password", "", "", testkit.PasswordChange(costly, "another one"), 403},
		"confirmed password":        {"POST", "/api/confirm", "", "", testkit.Confirmation(costly), 403},
		"id of a session":           {"DELETE", "/api/sessions/" + long, "", "", nil, 404},
		"id of a user":              {"GET", "/users/" + long + "/avatar", "", "", nil, 200},
		"id of a picture":           {"GET", "/uploads/" + long + "_a.png", "", "", nil, 404},
		"name of a picture":         {"GET", "/uploads/a_" + long, "", "", nil, 404},
		"key of an avatar":          {"GET", "/avatars/" + long + ".png", "", "", nil, 404},
		"query of a picture":        {"GET", picture + "?" + params, "", "", nil, 400},
		"query of an avatar":        {"GET", "/users/a/avatar?" + params, "", "", nil, 400},
		"query of health":           {"GET", "/healthz?" + params, "", "", nil, 400},
		"query of the user":         {"GET", "/api/user?" + params, "", "", nil, 400},
		"query of a login":          {"POST", "/api/login?" + params, "", "", testkit.Credentials("ada@example.com", "simplepass"), 400},
		"query of no route":         {"GET", "/none?" + params, "", "", nil, 400},
		"query of sessions":         {"GET", "/api/sessions?" + params, "", "", nil, 400},
		"user agent":                {"POST", "/api/login", "User-Agent", costly[:30_000], testkit.Credentials("ada@example.com", "wrongpass"), 401},
		"session cookies":           {"GET", "/api/user", "Cookie", strings.Repeat("session=ABCDEFGHIJKLMNOPQRSTUVWXYZ;", 800), nil, 401},
		"device cookies":            {"POST", "/api/login", "Cookie", strings.Repeat("session-device=a.b.c;", 1400), testkit.Credentials("ada@example.com", "wrongpass"), 401},
		"types to prefer":           {"GET", "/", "Accept", strings.Repeat("a;q=1,", 5000), nil, 401},
		"parts of a picture":        {"GET", picture, "Range", "bytes=" + strings.Repeat("0-0,", 7000), nil, 200},
	} {
		t.Run(what, func(t *testing.T) {
			client := *ada.With(t)
			client.Header = http.Header{}
			if c.header != "" {
				client.Header.Set(c.header, c.value)
				if c.header == "Cookie" || c.header == "Accept" {
					client.Cookie = ""
				}
			}
			// The machine may be slow or busy, so the yardstick is a wrong sign-in of the same
			// length, whose long text is in a field that nobody reads.
			const mostRatio = 3
			quickest, yardstick := time.Hour, time.Hour
			for i := 0; i < 100 && (i < 3 || quickest > mostRatio*yardstick); i++ {
				yardstick = min(yardstick, took(func() { ada.JSON("POST", "/api/login", unread).Want(401) }))
				quickest = min(quickest, took(func() { client.JSON(c.method, c.path, c.body).Want(c.status) }))
			}
			if quickest > mostRatio*yardstick {
				t.Errorf("takes %v, and a request of the same length %v", quickest, yardstick)
			}
			t.Logf("takes %.2f of a request of the same length", float64(quickest)/float64(yardstick))
		})
	}
}

// took returns how long f takes.
func took(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

// An over-long address is throttled like any unknown one, and does not share its attempts
// with others.
func TestLongAddressesAreThrottled(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	for i, address := range []string{"nobody@example.com", strings.Repeat("x", 300) + "@example.com", costly} {
		client := server.From(t, fmt.Sprintf("192.0.2.%d", i+1))
		unknown := client.Guess("other@example.com").WantError(401, "invalid_credentials")
		for range 10 {
			client.Guess(address).Want(401).WantBody(strings.TrimSpace(string(unknown.Body)))
		}
		client.Guess(address).WantThrottled()
	}
}
