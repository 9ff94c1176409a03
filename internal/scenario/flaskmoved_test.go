package scenario

import (
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/flask"
	"github.com/cardea-accounts/cardea/internal/importer"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

const (
	byU2 = `{"email":"u2@example.com"}`
	byU3 = `{"email":"u3@example.com"}`
	byN2 = `{"email":"n2@example.com"}`
)

// withMoved imports the users 2 and 3, and returns their rows.
func withMoved(t *testing.T) (server *testkit.Server, rows []string) {
	t.Helper()
	server = testkit.Start(t, testkit.FromFlask(t))
	rows = rowsOf(user{"2", "u2@example.com", "yes"}, user{"3", "u3@example.com", "yes"})
	server.ImportUsers(t, flask.Source, importer.Options{}, rows...)
	return server, rows
}

// wantStatus fails the test unless cookies that the app issues now get these answers.
func wantStatus(t *testing.T, server *testkit.Server, what string, want map[string]int) {
	t.Helper()
	server.Clock.Advance(2 * time.Second)
	for session, status := range want {
		client := with(t, server, issued(server, session, 0))
		if got := client.Get("/api/user").Status; got != status {
			t.Errorf("%s: %s: %d, want %d", what, session, got, status)
		}
	}
}

// Somebody may register in the app with the address that another user had there.
func TestFlaskCookieOfAGivenAddress(t *testing.T) {
	for what, next := range map[string]func(row string) string{
		"another user": func(string) string { return rowsOf(user{"2", "n2@example.com", "yes"})[1] },
		"bad email":    func(row string) string { return strings.Replace(row, "u2@example.com", "n2@", 1) },
		"no password":  func(string) string { return "2,n2@example.com,yes,Zoe,,2020-01-01" },
		"duplicate":    func(row string) string { return strings.Replace(row, "u2@", "u3@", 1) },
		"gone":         func(string) string { return "" },
	} {
		server, rows := withMoved(t)
		old := with(t, server, issued(server, byU2, time.Hour))
		old.Get("/api/user").Want(200)
		rows[1] = next(rows[1])
		rows = append(rows, rowsOf(user{"9", "u2@example.com", "yes"})[1])
		for range 2 {
			if done := server.ImportUsers(t, flask.Source, importer.Options{}, rows...); done.Reasons["duplicate_email"] == 0 {
				t.Errorf("%s: %+v", what, done)
			}
			wantStatus(t, server, what, map[string]int{byU2: 401, `{"user_id":9}`: 401})
		}
		old.Get("/api/user").Want(401)
	}
}

// Of two users who have swapped their addresses, none gets the other's account.
func TestFlaskCookiesOfSwappedAddresses(t *testing.T) {
	server, rows := withMoved(t)
	rows[1], rows[2] = strings.Replace(rows[1], "u2@", "u3@", 1), strings.Replace(rows[2], "u3@", "u2@", 1)
	if done := server.ImportUsers(t, flask.Source, importer.Options{}, rows...); done.Outcomes["kept"] != 2 {
		t.Fatalf("%+v", done)
	}
	wantStatus(t, server, "swapped", map[string]int{byU2: 401, byU3: 401, `{"user_id":2}`: 401, `{"user_id":3}`: 401})
}

// An address is refused for good, until another one is taken over.
func TestFlaskCookieOfANewAddress(t *testing.T) {
	server, rows := withMoved(t)
	bring := func(email string) {
		t.Helper()
		now := strings.Replace(rows[1], "u2@example.com", email, 1)
		server.ImportUsers(t, flask.Source, importer.Options{}, rows[0], now, rows[2], "10,U3@Example.com,yes,Zoe,x,")
	}
	bring("n2@")
	bring("u2@example.com")
	wantStatus(t, server, "refused", map[string]int{byU2: 401, byU3: 200})
	bring("n2@example.com")
	wantStatus(t, server, "taken over", map[string]int{byU2: 401, byN2: 200, byU3: 200, `{"email":"U3@Example.com"}`: 401})
}
