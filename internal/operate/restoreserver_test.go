package operate_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/database"
	"github.com/cardea-accounts/cardea/internal/operate"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
	testpostgres "github.com/cardea-accounts/cardea/internal/testkit/postgres"
)

// onServer is a new data folder whose database is at an address.
func onServer(t *testing.T, address string) database.Place {
	t.Helper()
	place, err := database.At(filepath.Join(t.TempDir(), "data"), address, "", "")
	if err != nil {
		t.Fatal(err)
	}
	return place
}

func noPictures() (bool, error) { return false, nil }

// A backup of either engine is restored to a server, and a backup of that is restored to a file.
func TestRestoreToServer(t *testing.T) {
	h := house.New(t, house.Options{})
	ann, session := h.Register(t, "ann@example.com")
	h.SetPicture(t, ann.ID, 40)
	made, archived := backup(t, open(t, h))

	place := onServer(t, testpostgres.Database(t))
	got, err := operate.RestoreFrom(t.Context(), place, bytes.NewReader(archived), nil)
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, got, made)
	onServer, err := operate.Open(t.Context(), place, operate.Options{Now: h.Clock.Now, Log: discard})
	if err != nil {
		t.Fatal(err)
	}
	defer onServer.Close() //nolint:errcheck // it was only read
	if _, found := check(t, onServer); len(found) > 0 {
		t.Errorf("%+v", found)
	}
	_, again := backup(t, onServer)
	file := database.In(house.Place(t, filepath.Join(t.TempDir(), "back"), "").Dir)
	if got, err = operate.RestoreFrom(t.Context(), file, bytes.NewReader(again), nil); err != nil || got.Users != 1 || got.Pictures != 1 {
		t.Fatal(got, err)
	}
	db, err := file.OpenExisting(t.Context(), noPictures)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it was only read
	hash := session.Hash()
	if signedIn, err := db.SessionByTokenHash(t.Context(), hash[:]); err != nil || signedIn.User.ID != ann.ID {
		t.Errorf("%+v, %v", signedIn, err)
	}
}

// A restore that fails leaves nothing, so the next one succeeds. A schema in use is not touched, and
// one whose restore was cut off is not served.
func TestRestoreToServerIsAllOrNothing(t *testing.T) {
	h := house.New(t, house.Options{})
	ann, _ := h.Register(t, "ann@example.com")
	h.SetPicture(t, ann.ID, 40)
	_, archived := backup(t, open(t, h))
	address := testpostgres.Database(t)
	if _, err := operate.RestoreFrom(t.Context(), onServer(t, address), bytes.NewReader(archived[:len(archived)/2]), nil); err == nil {
		t.Error("half a backup was restored")
	}
	empty, err := onServer(t, address).OpenExisting(t.Context(), noPictures)
	if err != nil { // no mark is left
		t.Fatal(err)
	}
	if err := empty.Close(); err != nil {
		t.Fatal(err)
	}
	place := onServer(t, address)
	if _, err := operate.RestoreFrom(t.Context(), place, bytes.NewReader(archived), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := operate.RestoreFrom(t.Context(), onServer(t, address), bytes.NewReader(archived), nil); !errors.Is(err, database.ErrNotEmpty) {
		t.Errorf("over users: %v", err)
	}
	db, end, err := place.Serve(t.Context(), noPictures)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := operate.RestoreFrom(t.Context(), onServer(t, address), bytes.NewReader(archived), nil); !errors.Is(err, database.ErrInUse) {
		t.Errorf("under a server: %v", err)
	}
	if n, err := db.Counts(t.Context()); err != nil || n != (store.Counts{Users: 1, Sessions: 1, Pictures: 1}) {
		t.Errorf("%+v, %v", n, err)
	}
	if err := errors.Join(db.MarkFilling(t.Context(), "a backup", h.Clock.Now()), end()); err != nil { // as a killed restore leaves it
		t.Fatal(err)
	}
	for what, open := range map[string]func() error{
		"server":  func() error { _, _, err := place.Serve(t.Context(), noPictures); return err },
		"command": func() error { _, err := place.OpenExisting(t.Context(), noPictures); return err },
	} {
		if err := open(); !errors.Is(err, database.ErrFilling) || !strings.Contains(err.Error(), "a backup") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := operate.RestoreFrom(t.Context(), onServer(t, address), bytes.NewReader(archived), nil); err != nil {
		t.Errorf("again: %v", err)
	}
}
