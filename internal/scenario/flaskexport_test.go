package scenario

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/flask"
	"github.com/cardea-accounts/cardea/internal/importer"
	"github.com/cardea-accounts/cardea/internal/operate"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// export returns everything about everyone.
func export(t *testing.T, server *testkit.Server) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "export.tar")
	if _, err := server.Operate(t).Export(t.Context(), file, operate.BackupOptions{}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func takeIn(t *testing.T, server *testkit.Server, export []byte) importer.Summary {
	t.Helper()
	done, err := server.Operate(t).TakeIn(context.Background(), bytes.NewReader(export), int64(len(export)), importer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// What ended stays ended in a new data folder, and what was imported is known there.
func TestFlaskCookiesAfterAnExport(t *testing.T) {
	users := []user{{"2", "Zoe@example.com", "yes"}, {"3", "ann@example.com", "yes"}, {"4", "bob@example.com", "yes"}, {"8", "k4@example.com", "yes"}}
	server := testkit.Start(t, testkit.FromFlask(t))
	importUsers(t, server, flask.Source, users...)
	of := func(user string, ago time.Duration) string { return issued(server, `{"user_id":`+user+`}`, ago) }
	ofAll := of("3", time.Minute)
	if _, err := server.Operate(t).EndAllSessions(t.Context()); err != nil {
		t.Fatal(err)
	}
	server.Clock.Advance(time.Minute)
	loggedOut, exchanged, good := of("2", time.Second), of("2", 2*time.Second), of("3", 0)
	with(t, server, loggedOut).Post("/api/logout", nil).Want(200)
	client := with(t, server, exchanged)
	client.Get("/api/user").Want(200)
	server.Clock.Advance(time.Minute)
	changed := of("4", time.Second)
	server.Login(t, "bob@example.com").Post("/api/password", testkit.PasswordChange("simplepass", "another one")).Want(200)
	importUsers(t, server, flask.Source, user{"8", "m1@example.com", "yes"})
	deleted := of("2", 0)
	importUsers(t, server, flask.Source, user{"9", "eve@example.com", "yes"})
	if _, err := server.Operate(t).Delete(t.Context(), "9"); err != nil {
		t.Fatal(err)
	}

	moved := testkit.Start(t, testkit.FromFlask(t))
	moved.Clock.Set(server.Clock.Now().Add(2 * time.Second))
	first := export(t, server)
	if done := takeIn(t, moved, first); done.Outcomes["imported"] != 4 {
		t.Fatalf("%+v", done)
	}
	if again := export(t, moved); !bytes.Equal(first, again) {
		t.Error("the second export is another one")
	}
	for what, c := range map[string]struct {
		cookie string
		want   int
	}{
		"after a logout": {loggedOut, 401}, "exchanged": {exchanged, 401}, "before a new password": {changed, 401}, "before the end of all": {ofAll, 401},
		"of a reused id": {of("8", 0), 401}, "good": {good, 200}, "another good one": {deleted, 200},
	} {
		if got := status(t, moved, c.cookie); got != c.want {
			t.Errorf("%s: %d, want %d", what, got, c.want)
		}
	}
	with(t, moved, client.Cookie).Get("/api/user").Want(200)
	done := importUsers(t, moved, flask.Source, append(users, user{"9", "eve@example.com", "yes"})...)
	if done.Outcomes["deleted"] != 1 || done.Outcomes["imported"] != 0 {
		t.Errorf("the same import again: %+v", done)
	}
}

// An import loosens nothing: of two moments, the later one counts.
func TestImportLoosensNoFlaskCookies(t *testing.T) {
	server := withZoe(t)
	if _, err := server.Operate(t).EndAllSessions(t.Context()); err != nil {
		t.Fatal(err)
	}
	server.Clock.Advance(time.Minute)
	old := issued(server, zoe, 0)
	loose := export(t, server)
	server.Clock.Advance(time.Minute)
	server.Login(t, "zoe@example.com").Delete("/api/sessions").Want(200)
	if _, err := server.Operate(t).EndAllSessions(t.Context()); err != nil {
		t.Fatal(err)
	}
	importUsers(t, server, flask.Source, user{"2", "m1@example.com", "yes"})
	strict := export(t, server)
	if done := takeIn(t, server, loose); done.Outcomes["unchanged"] != 1 {
		t.Fatalf("%+v", done)
	}
	if !bytes.Equal(strict, export(t, server)) {
		t.Error("an old export has changed something")
	}
	other := withZoe(t)
	takeIn(t, other, strict)
	other.Clock.Set(server.Clock.Now().Add(2 * time.Second))
	for _, cookie := range []string{old, issued(other, zoe, 0)} {
		if got := status(t, other, cookie); got != 401 {
			t.Errorf("refused there, here: %d", got)
		}
	}
}
