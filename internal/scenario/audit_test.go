package scenario

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// Each security event of an account is a row in the audit table and a line in the log.
// Neither shows secrets.
func TestAudit(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	client := server.From(t, "192.0.2.1")
	id := client.Register("ada@example.com").Envelope().User.ID
	client.Post("/api/logout", nil).Want(200)
	client.Post("/api/logout", nil).Want(200) // not signed in: no event
	client.Guess("ada@example.com").Want(401)
	client.Guess("nobody@example.com").Want(401)
	client.Login("ada@example.com")
	client.Rename("Ada \"\\ L.").Want(200)
	client.Post("/api/password", testkit.PasswordChange("wrongpass", "another one")).Want(403)
	client.Post("/api/password", testkit.PasswordChange("simplepass", "another one")).Want(200)
	client.Upload("me.png", testkit.PNG(5, 5)).Want(200)
	client.Delete("/api/upload-picture").Want(200)
	client.Delete("/api/upload-picture").Want(200) // no picture: no event
	client.Delete("/api/sessions").Want(200)       // no other session: no event
	client.Post("/api/login", testkit.Credentials("ada@example.com", "another one")).Want(200)
	server.From(t, "192.0.2.1").Post("/api/login", testkit.Credentials("ada@example.com", "another one")).Want(200)
	client.Delete("/api/sessions").Want(200)
	for range 11 {
		server.From(t, "198.51.100.7").Guess("ada@example.com")
	}
	for range 5 { // one line is enough for a flood of these
		server.From(t, "198.51.100.7").Guess("ada@example.com").WantThrottled()
	}
	want := []string{"registered", "logout", "login_failed", "login", "renamed", "password_failed", "password_changed",
		"picture_changed", "picture_removed", "login", "session_replaced", "login", "sessions_ended"}
	want = append(want, slices.Repeat([]string{"login_failed"}, 10)...)
	want = append(want, "login_throttled")
	server.Stop()

	got, ips := auditOf(t, server, id)
	if !slices.Equal(sorted(got), sorted(want)) {
		t.Errorf("the table has %v, want %v", got, want)
	}
	if fmt.Sprint(ips) != "map[192.0.2.1:13 198.51.100.7:11]" {
		t.Errorf("addresses %v", ips)
	}
	if nobody, _ := auditOf(t, server, ""); !slices.Equal(nobody, []string{"login_failed"}) {
		t.Errorf("without an account: %v", nobody)
	}
	logged := loggedEvents(t, server.Log.String(), id)
	if !slices.Equal(logged, want) {
		t.Errorf("the log has %v, want %v", logged, want)
	}
}

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }

func auditOf(t *testing.T, server *testkit.Server, userID string) (events []string, ips map[string]int) {
	t.Helper()
	rows, err := openDatabase(t, server.Data).AuditOfUser(t.Context(), userID, 100)
	if err != nil {
		t.Fatal(err)
	}
	ips = map[string]int{}
	for _, row := range rows {
		events = append(events, row.Event)
		ips[row.IP]++
		if row.RequestID == "" || !strings.Contains(server.Log.String(), row.RequestID) {
			t.Errorf("request %q of %s is not in the log", row.RequestID, row.Event)
		}
	}
	return events, ips
}

// loggedEvents lists the logged events of a user. Each must be one complete line of JSON.
func loggedEvents(t *testing.T, log, userID string) (events []string) {
	t.Helper()
	for line := range strings.Lines(log) {
		var e struct {
			Time                          time.Time // with its offset, or it does not parse
			Msg, Event, User, IP, Request string
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		if e.Msg != "event" || e.User != userID {
			continue
		}
		if e.Time.IsZero() || e.IP == "" || e.Request == "" {
			t.Errorf("incomplete: %s", line)
		}
		events = append(events, e.Event)
	}
	return events
}

// A login or registration may replace the session of another user. The event belongs to
// that user's account.
func TestReplacedSessionIsAnEventOfItsUser(t *testing.T) {
	server := testkit.Start(t)
	client := server.NewClient(t)
	register := func(email string) string {
		return client.Register(email).Envelope().User.ID
	}
	ada, bob := register("ada@example.com"), register("bob@example.com")
	client.Login("ada@example.com")
	client.Guess("bob@example.com").Want(401) // replaces nothing
	server.Stop()
	for id, want := range map[string][]string{
		ada: {"login", "registered", "session_replaced"},
		bob: {"login_failed", "registered", "session_replaced"},
	} {
		if got, _ := auditOf(t, server, id); !slices.Equal(sorted(got), want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
}
