package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/postgres"
)

// Of ten servers that start at once on an empty database, one makes its tables and serves. The
// others say that it does.
func TestTenServersStart(t *testing.T) {
	t.Parallel()
	address := postgres.Database(t)
	var started []*process
	for range 10 {
		cmd := serveCommand(t, filepath.Join(t.TempDir(), "data"), "--database", address)
		started = append(started, launch(t, cmd))
	}
	var serving *server
	for _, p := range started {
		select {
		case <-p.ended:
			p.wantEnd(exitFailed, "another Cardea server uses this database: postgres://")
		case <-p.stdout.firstLine():
			if serving != nil {
				t.Fatal("two servers serve one database")
			}
			serving = awaitServer(p)
		case <-time.After(patience):
			t.Fatalf("neither serves nor ends: %s", &p.stderr)
		}
	}
	if serving == nil {
		t.Fatal("no server serves")
	}
	ada := serving.client()
	ada.Register("ada@example.com")
	ada.Get("/api/user").Want(200)
	serving.stop()
}

// smallDatabase starts PostgreSQL on a file system of 100 MB, of which 20 are free for data: the
// rest is for its log.
func smallDatabase(t *testing.T) (folder, address string) {
	t.Helper()
	folder = t.TempDir()
	for above := folder; above != os.TempDir(); above = filepath.Dir(above) {
		if err := os.Chmod(above, 0o755); err != nil { //nolint:gosec // the server has another user
			t.Fatal(err)
		}
	}
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=100m"); err != nil {
		skipFault(t, "the test mounts a small file system", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	data := filepath.Join(folder, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	server := postgres.Start(t, postgres.Options{Data: data, Settings: []string{"max_wal_size=8MB", "min_wal_size=4MB"}})
	return folder, server.Database()
}

// On a full disk of the database only writes fail, and only until there is space again.
func TestDatabaseDiskFull(t *testing.T) {
	folder, address := smallDatabase(t)
	s := serve(t, filepath.Join(t.TempDir(), "data"), cheap, "--database", address)
	ada := s.client()
	ada.Register("ada@example.com")
	picture := strings.TrimPrefix(ada.Upload("ada.png", testkit.PNG(20, 20)).Want(200).Envelope().Picture, s.url)

	free := fill(t, folder)
	refused, longest := 0, time.Duration(0)
	for i := 0; refused < 20; i++ { // some fit into the space that the database has
		begun := time.Now()
		a := s.client().Post("/api/register", testkit.Registration("Eve", fmt.Sprintf("eve%d@example.com", i), "simplepass"))
		switch a.Status {
		case 503, 507:
			refused++
			longest = max(longest, time.Since(begun))
		case 201:
		default:
			t.Fatalf("a registration on a full disk: %d %s", a.Status, a.Body)
		}
		if i > 20_000 {
			t.Fatal("the disk is not full")
		}
	}
	says := s.client().Get("/readyz").WantError(503, "not_ready").Envelope().Errors["database"]
	if says != "has no space left; the log says more" && says != "cannot be written; the log says more" {
		t.Errorf("readiness says %q", says)
	}
	ada.Get("/api/user").Want(200)
	ada.Get("/api/sessions").Want(200)
	s.client().Get(picture).Want(200)

	free()
	freed := time.Now()
	eventually(t, "the server is ready", func() bool { return s.client().Get("/readyz").Status == 200 })
	ada.Rename("Countess").Want(200)
	s.client().Register("late@example.com")
	t.Logf("%d registrations were refused, the slowest after %v; all well %v after there was space", refused, longest, time.Since(freed))
	s.stop()
}
