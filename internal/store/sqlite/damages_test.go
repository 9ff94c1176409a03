package sqlite

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
)

func TestSnapshotIsACopyOfItsMoment(t *testing.T) {
	db := opened(t, newPath(t))
	withUsers(t, db, "ann", "bob")
	err := db.Tx(t.Context(), func(tx *store.Tx) error {
		now := time.Now()
		return errors.Join(
			tx.CreateSession(t.Context(), store.Session{ID: "s1", TokenHash: []byte("hash"), UserID: "ann", CreatedAt: now, LastSeenAt: now}),
			tx.SetPicture(t.Context(), store.Picture{UserID: "ann", File: store.File{Key: "key1"}, Crops: []store.Crop{
				{Side: 64, File: store.File{Key: "key2"}}, {Side: 128, File: store.File{Key: "key1"}}}}))
	})
	if err != nil {
		t.Fatal(err)
	}
	path := newPath(t) + " it's a copy"
	if err := db.Snapshot(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	withUsers(t, db, "late")

	copied, err := OpenExisting(t.Context(), path)
	untilTheEnd(t, copied, err)
	if got, err := copied.Counts(t.Context()); err != nil || got != (store.Counts{Users: 2, Sessions: 1, Pictures: 1}) {
		t.Errorf("%+v, %v", got, err)
	}
	if n, err := copied.CountFiles(t.Context()); err != nil || n != 2 {
		t.Errorf("%d files, %v", n, err)
	}
	if found, _, err := copied.Damages(t.Context()); err != nil || len(found) != 0 {
		t.Errorf("%v, %v", found, err)
	}
	if err := db.Snapshot(t.Context(), path); err == nil {
		t.Error("a file that exists was written over")
	}
}

func TestDamagesAreFound(t *testing.T) {
	path := closed(t)
	run(t, path, `PRAGMA foreign_keys = off`, `INSERT INTO sessions VALUES ('s1', x'00', 'missing', 1, 1, 1, '', '')`)
	db, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	found, _, err := db.Damages(t.Context())
	if err != nil || len(found) != 1 || !strings.Contains(found[0], "sessions") || !strings.Contains(found[0], "users") {
		t.Errorf("a session without a user: %q, %v", found, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Replace(data, []byte("ann@example.com"), []byte("zzz@example.com"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if found, _, err = opened(t, path).Damages(t.Context()); err != nil || len(found) == 0 {
		t.Errorf("an index that differs from its table: %q, %v", found, err)
	}
}

// Queries meet pages that were overwritten, and Ping remembers.
func TestDamageIsRemembered(t *testing.T) {
	path := closed(t)
	users, err := strconv.ParseInt(texts(t, path, `SELECT rootpage FROM sqlite_schema WHERE name = 'users'`)[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	const page = 4096
	if _, err := file.WriteAt(bytes.Repeat([]byte{0xff}, page), (users-1)*page); errors.Join(err, file.Close()) != nil {
		t.Fatal(err)
	}
	db := opened(t, path)
	if err := db.Ping(t.Context()); err != nil {
		t.Errorf("before it is met: %v", err)
	}
	if _, err := db.UserByID(t.Context(), "ann"); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("read: %v", err)
	}
	for range 2 {
		err := db.Ping(t.Context())
		if !errors.Is(err, store.ErrDamaged) {
			t.Errorf("ping: %v", err)
		}
	}
}

// A page of another database, as a plain copy of a running one can have, is found by the
// quick check, and Ping reports it from then on.
func TestQuickCheck(t *testing.T) {
	path := closed(t)
	db := opened(t, path)
	if _, err := db.QuickCheck(t.Context()); err != nil {
		t.Errorf("a whole database: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const page = 4096
	copy(text[len(text)-page:], bytes.Repeat([]byte{0xff}, page))
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err = Open(t.Context(), path)
	untilTheEnd(t, db, err)
	if _, err := db.QuickCheck(t.Context()); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("a damaged one: %v", err)
	}
	if err := db.Ping(t.Context()); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("Ping: %v", err)
	}
}

// A file that cannot be opened is named with the reason.
func TestUnusableFilesAreNamed(t *testing.T) {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		path := closed(t)
		if err := errors.Join(os.RemoveAll(path+suffix), os.Mkdir(path+suffix, 0o700)); err != nil {
			t.Fatal(err)
		}
		db, err := Open(t.Context(), path)
		if err == nil {
			_ = db.Close()
		}
		if err == nil || !strings.Contains(err.Error(), path+suffix+": is a directory") {
			t.Errorf("%q: %v", suffix, err)
		}
	}
}
