package operate_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/operate"
	"github.com/cardea-accounts/cardea/internal/storage"
	testpostgres "github.com/cardea-accounts/cardea/internal/testkit/postgres"
	"github.com/cardea-accounts/cardea/internal/testkit/s3"
)

// After a move of pictures, the old storage is refused, until they are moved back there, or somebody
// undoes the move. A restored backup uses the storage that it was restored to.
func TestLeftStorage(t *testing.T) {
	t.Parallel()
	from := onFiles(t)
	bucket := s3.New(t).Storage()
	move := func(at, to string) {
		t.Helper()
		here := from
		here.Pictures = at
		if _, err := openPlace(t, here).Move(t.Context(), operate.MoveOptions{Storage: to}); err != nil {
			t.Fatal(err)
		}
	}
	want := func(pictures string, refused error) {
		t.Helper()
		here := from
		here.Pictures = pictures
		data, err := operate.Open(t.Context(), here, operate.Options{Now: time.Now, Log: discard})
		if !errors.Is(err, refused) || err != nil && !strings.Contains(err.Error(), "--undo") {
			t.Errorf("%s: %v, want %v", pictures, err, refused)
		}
		if err == nil {
			_ = data.Close()
		}
	}
	old, link := from.Pictures, filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(old, link); err != nil {
		t.Fatal(err)
	}
	move(old, bucket)
	want(old, storage.ErrLeft)
	want(link, storage.ErrLeft)
	want(bucket, nil)

	from.Pictures = bucket
	_, archived := backup(t, openPlace(t, from))
	from.Pictures = old
	restored := from
	restored.Dir.Path, restored.Dir.Database = filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "restored.db")
	if err := os.RemoveAll(old); err != nil {
		t.Fatal(err)
	}
	if _, err := operate.RestoreFrom(t.Context(), restored, bytes.NewReader(archived), nil); err != nil {
		t.Fatal(err)
	}
	if _, found := check(t, openPlace(t, restored)); len(found) > 0 {
		t.Errorf("%+v", found)
	}
	if err := os.RemoveAll(old); err != nil {
		t.Fatal(err)
	}

	move(bucket, old)
	want(old, nil)
	want(bucket, storage.ErrLeft)
	from.Pictures = bucket
	for _, undone := range []string{old, ""} {
		if to, onlyPictures, err := operate.UndoMove(t.Context(), from); err != nil || to != undone || onlyPictures != (undone != "") {
			t.Errorf("undone: %q, %v, %v", to, onlyPictures, err)
		}
		want(bucket, nil)
	}
}

// If users and pictures move, the new database refuses the old storage.
func TestLeftStorageOfAMovedDatabase(t *testing.T) {
	t.Parallel()
	from, _ := stopped(t)
	to := onServer(t, testpostgres.Database(t))
	to.Pictures = filepath.Join(t.TempDir(), "pictures")
	if _, err := openPlace(t, from).Move(t.Context(), operate.MoveOptions{Database: &to, Storage: to.Pictures}); err != nil {
		t.Fatal(err)
	}
	if c, found := check(t, openPlace(t, to)); len(found) > 0 || c.Pictures != 1 {
		t.Errorf("%+v, %+v", c, found)
	}
	to.Pictures = from.Pictures
	if _, err := operate.Open(t.Context(), to, operate.Options{Now: time.Now, Log: discard}); !errors.Is(err, storage.ErrLeft) {
		t.Errorf("with the old storage: %v", err)
	}
}
