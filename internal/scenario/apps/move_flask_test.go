package apps

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// Users of a real Flask app move to Cardea and back, as docs/from-flask.md says, by its
// commands.
func TestMoveFromFlask(t *testing.T) {
	testkit.Long(t)
	t.Parallel()
	n := newNotebook(t)
	begin := n.block("cp -r")
	stopOld := n.serve(n.app, filepath.Dir(n.folder), begin)
	want(t, n.run("/api/register"), "Registration successful!")
	ada := n.user()
	ada.login(200, "Ada", "simplepass")
	zoe, bob := n.user().register("Zoe"), n.user().register("Bob")
	n.user().register("Eve")
	zoe.upload("test.png", testkit.PNG(300, 200))
	zoe.note("before the move")
	want(t, n.run("--report import.jsonl\n"), "4 rows: 3 would be imported, 1 rejected.", "3 werkzeug-", "1 found", "1 bad email", "nothing was changed")
	want(t, n.run("--report import.jsonl --apply\n"), "4 rows: 3 imported, 1 rejected.", "Pictures: 1 imported.")

	// Both run. The app's cookie is good for both, and stays.
	start := n.block("cardea serve")
	stopCardea := n.serve(n.cardea, n.folder, start)
	want(t, zoe.call(200, "GET", "/accounts/api/user", nil), `"id":"2"`, `"name":"Zoe"`)
	zoe.seesNotes("Notes of Zoe", "before the move")
	n.user().call(403, "POST", "/accounts/api/register", map[string]string{"name": "Mallory", "email": address("Carol"), "password": "simplepass"})
	carol := n.user().register("Carol")
	carol.upload("carol.gif", testkit.GIF(90, 90))

	stopOld()
	stopCardea()
	want(t, n.run("--report import.jsonl --apply\n"), "5 rows: 3 unchanged, 1 imported, 1 rejected.", "1 unchanged", "1 imported")
	stopCardea = n.serve(n.cardea, n.folder, strings.Replace(start, "export CARDEA_REGISTRATION=closed", "", 1))
	stopNew := n.serve(n.app, n.folder, n.block("gunicorn after:app"))
	n.moved.Store(true)
	afterMove(t, n, ada, zoe, bob, carol)

	stopNew()
	stopCardea()
	want(t, n.run("back.py"), "3: deleted", "6: new, was ")
	isUpgraded(t, n)
	lines := strings.Split(strings.TrimSpace(begin), "\n")
	n.serve(n.app, n.folder, lines[len(lines)-1])
	n.moved.Store(false)
	carol.seesNotes("Notes of Carol", "/uploads/5_carol.gif") // by Flask's cookie of before
	afterReturn(t, n)
}

// afterMove is what users see and do while Cardea has the accounts.
func afterMove(t *testing.T, n *notebook, ada, zoe, bob, carol *visitor) {
	t.Helper()
	old := ada.cookie(t, "session")
	ada.seesNotes("Notes of Ada")
	if own := ada.cookie(t, "__Host-session"); own == old || len(own) == 0 {
		t.Errorf("a page of the app brought the cookie %q", own)
	}
	carol.seesNotes("Notes of Carol", "/uploads/5_carol.png")
	want(t, ada.call(200, "GET", "/api/user", nil), `"id":"1"`)
	ada.call(200, "POST", "/api/logout", nil)
	replay := n.user()
	replay.hasCookie(n.front.URL, "session", old)
	replay.call(401, "GET", "/api/user", nil)
	if page := replay.get(n.front.URL + "/notes"); !strings.HasPrefix(page.at, n.front.URL+"/accounts/login?next=") {
		t.Errorf("with the cookie of before the logout, the browser is at %s", page.at)
	}
	n.user().login(401, "Ada", "wrong password")
	n.user().login(200, "Ada", "simplepass")

	zoe.seesPicture("/uploads/2_test.png", 300)
	zoe.seesNotes("Notes of Zoe", "before the move", "/uploads/2_test.png")
	zoe.note("after the move")
	zoe.upload("new.png", testkit.PNG(120, 80))
	zoe.call(200, "PATCH", "/accounts/api/user", map[string]string{"name": "Zoë"})
	zoe.call(200, "POST", "/accounts/api/password", map[string]string{"current_password": "simplepass", "new_password": "another one"})
	bob.call(200, "DELETE", "/accounts/api/user", map[string]string{"current_password": "simplepass"})
	dora := n.user().register("Dora")
	dora.seesNotes("Notes of Dora")
	dora.note("of a new user")
	dora.upload("dora.png", testkit.PNG(60, 60))
}

// isUpgraded looks into the export: who has signed in has a hash of Cardea's.
func isUpgraded(t *testing.T, n *notebook) {
	t.Helper()
	for name, isUpgraded := range map[string]bool{"Ada": true, "Carol": false} {
		line := shell(t, n.folder, nil, "tar -xOf users.tar users.jsonl | grep "+address(name))
		if strings.Contains(line, `"password_hash":"$argon2id$`) != isUpgraded {
			t.Errorf("%s has the wrong hash: %s", name, line)
		}
	}
}

// afterReturn is what users see when the Flask app has the accounts again.
func afterReturn(t *testing.T, n *notebook) {
	t.Helper()
	zoe, ada, carol, dora := n.user(), n.user(), n.user(), n.user()
	zoe.login(401, "Zoe", "simplepass")
	zoe.login(200, "Zoe", "another one")
	want(t, zoe.call(200, "GET", "/api/user", nil), "zoe@example.com")
	zoe.seesNotes("Notes of Zoë", "before the move", "after the move", "/uploads/2_new.png")
	zoe.seesPicture("/uploads/2_new.png", 120)
	ada.login(200, "Ada", "simplepass")
	ada.seesNotes("Notes of Ada")
	carol.login(200, "Carol", "simplepass")
	dora.login(200, "Dora", "simplepass")
	dora.seesNotes("Notes of Dora", "of a new user", "/uploads/6_dora.png")
	n.user().login(401, "Bob", "simplepass")
	n.user().login(200, "Eve", "simplepass") // who never moved
}
