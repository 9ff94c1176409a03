package scenario

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// withChanges makes n changes: uploads that cannot be read and removals of no picture
// count like others.
func withChanges(c *testkit.Client, n int) {
	for i := range n {
		if i%10 == 0 {
			c.Upload("me.png", []byte("no picture")).Want(400)
		} else {
			c.Delete("/api/upload-picture").Want(200)
		}
	}
}

// changesOf returns all calls that count as a change.
func changesOf(c *testkit.Client) map[string]func() *testkit.Answer {
	return map[string]func() *testkit.Answer{
		"renamed":         func() *testkit.Answer { return c.Rename("Ada") },
		"picture set":     func() *testkit.Answer { return c.Upload("me.png", testkit.PNG(5, 5)) },
		"picture removed": func() *testkit.Answer { return c.Delete("/api/upload-picture") },
		"sessions ended":  func() *testkit.Answer { return c.JSON("DELETE", "/api/sessions", testkit.Confirmation("simplepass")) },
		"session ended":   func() *testkit.Answer { return c.Delete("/api/sessions/hh2cvh2bhbz7jnsd") },
	}
}

// A user may make 5,000 changes of all kinds in an hour. Reading is not limited, and other
// users are not affected.
func TestTooManyChanges(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	ada := server.Register(t, "ada@example.com")
	bob := server.Register(t, "bob@example.com")
	withChanges(ada, 4999)
	server.Clock.Advance(30 * time.Minute)
	ada.Rename("the last").Want(200)
	for what, change := range changesOf(ada) {
		t.Run(what, func(t *testing.T) {
			retry := change().WantError(http.StatusTooManyRequests, "too_many_changes").Header.Get("Retry-After")
			if retry != strconv.Itoa(15*60) { // of half an hour
				t.Errorf("Retry-After %s", retry)
			}
		})
	}
	if name := ada.User().Name; name != "the last" {
		t.Errorf("but the name is %s", name)
	}
	ada.Rename("").WantError(400, "invalid_input")
	bob.Rename("Bob").Want(200)

	server.Clock.Advance(30*time.Minute - time.Second)
	if retry := ada.Delete("/api/upload-picture").Want(429).Header.Get("Retry-After"); retry != "1" {
		t.Errorf("Retry-After %s", retry)
	}
	server.Clock.Advance(time.Second) // changes count for an hour
	ada.Rename("Ada").Want(200)
}

// A clock that was set back does not lock the user out.
func TestTooManyChangesWhenTheClockIsSetBack(t *testing.T) {
	server := testkit.Start(t, testkit.Throttled)
	ada := server.Register(t, "ada@example.com")
	withChanges(ada, 5000)
	ada.Rename("Eve").WantError(429, "too_many_changes")
	server.Clock.Advance(-24 * time.Hour)
	ada.Rename("Eve").Want(200)
}

func TestChangesAreNotLimitedForLoadTests(t *testing.T) {
	testkit.Long(t)
	server := testkit.Start(t) // with the limits off
	ada := server.Register(t, "ada@example.com")
	withChanges(ada, 5001)
	ada.Rename("Ada").Want(200)
}

// A user has at most 100 sessions, or as many as the operator sets. The next login ends the
// one last seen longest ago.
func TestTooManySessions(t *testing.T) {
	for setting, most := range map[int]int{0: 100, 3: 3} {
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			testTooManySessions(t, testkit.Start(t, func(c *cardea.Config) { c.SessionsPerUser = setting }), most)
		})
	}
}

func testTooManySessions(t *testing.T, server *testkit.Server, most int) {
	first := server.Register(t, "ada@example.com")
	id := first.User().ID
	server.Clock.Advance(2 * time.Hour)
	second := server.Login(t, "ada@example.com")
	withSessions(t, server, id, most-2)
	server.Clock.Advance(time.Hour)
	second.Get("/api/user").Want(200) // seen now, unlike the first
	if n := len(allSessions(t, second)); n != most {
		t.Fatalf("%d sessions", n)
	}
	third := server.Login(t, "ada@example.com")
	first.Get("/api/user").WantError(401, "not_logged_in")
	second.Get("/api/user").Want(200)
	if n := len(allSessions(t, third)); n != most {
		t.Errorf("%d sessions", n)
	}
	server.Stop()
	if events, _ := auditOf(t, server, id); fmt.Sprint(sorted(events)) != "[login login registered session_replaced]" {
		t.Errorf("events %v", events)
	}
}

// withSessions gives a user more sessions, all of this moment.
func withSessions(t *testing.T, server *testkit.Server, id string, n int) {
	t.Helper()
	inDatabase(t, server, func(tx *store.Tx) error {
		for range n {
			now, name := server.Clock.Now(), strings.ToLower(rand.Text()[:16])
			s := store.Session{ID: name, TokenHash: []byte(name), UserID: id, CreatedAt: now, LastSeenAt: now, ConfirmedAt: now}
			if err := tx.CreateSession(t.Context(), s); err != nil {
				return err
			}
		}
		return nil
	})
}

// allSessions reads all pages of a client's sessions.
func allSessions(t *testing.T, client *testkit.Client) (all []testkit.Session) {
	t.Helper()
	for after := ""; ; {
		page := client.Get("/api/sessions" + after).Want(200).Envelope()
		all = append(all, page.Sessions...)
		if page.Next == nil {
			return all
		}
		if len(page.Sessions) != 50 {
			t.Fatalf("a page of %d sessions, and more to come", len(page.Sessions))
		}
		after = "?after=" + url.QueryEscape(*page.Next)
	}
}
