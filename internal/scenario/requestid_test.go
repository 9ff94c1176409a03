package scenario

import (
	"net/http"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// Errors and changes carry the id under which the log has them. Reads do not.
func TestRequestIDs(t *testing.T) {
	const app = "https://app.example.com"
	server := testkit.Start(t, func(c *cardea.Config) { c.LogRequests, c.AllowedOrigins = "all", []string{app} })
	ada := server.Register(t, "ada@example.com")
	picture := ada.Upload("me.png", testkit.PNG(5, 5)).PicturePath()
	seen := map[string]bool{}
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/api/user", 200}, {"HEAD", "/api/user", 200}, {"GET", "/", 200}, {"GET", "/api/sessions", 200}, {"GET", picture, 200},
		{"GET", picture + "?size=64", 200}, {"GET", "/healthz", 200}, {"GET", "/openapi.json", 200}, {"GET", "/docs", 200},
		{"GET", "/none", 404}, {"HEAD", "/none", 404}, {"PUT", "/api/user", 405}, {"GET", picture + "?size=1", 400}, {"POST", "/api/login", 415},
		{"DELETE", "/api/sessions/none", 404}, {"DELETE", "/api/sessions", 200}, {"DELETE", "/api/upload-picture", 200}, {"POST", "/api/logout", 200},
	} {
		ada.Header = http.Header{"Origin": {app}}
		answer := ada.Send(c.method, c.path, "", nil).Want(c.status)
		id := answer.Header.Get("X-Request-Id")
		isRead := c.status < 400 && (c.method == "GET" || c.method == "HEAD")
		switch {
		case isRead && id != "":
			t.Errorf("%s %s: X-Request-Id %s", c.method, c.path, id)
		case !isRead && (len(id) != 16 || seen[id] || !strings.Contains(server.Log.String(), `"request":"`+id+`"`)):
			t.Errorf("%s %s: X-Request-Id %q is not in the log, or not new", c.method, c.path, id)
		}
		seen[id] = true
		if exposed := answer.Header.Get("Access-Control-Expose-Headers"); !strings.Contains(exposed, "X-Request-Id") {
			t.Errorf("%s %s: scripts can read %q", c.method, c.path, exposed)
		}
	}
}
