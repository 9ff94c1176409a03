package operate_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/database"
	"github.com/cardea-accounts/cardea/internal/operate"
	"github.com/cardea-accounts/cardea/internal/storage"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
	testpostgres "github.com/cardea-accounts/cardea/internal/testkit/postgres"
	"github.com/cardea-accounts/cardea/internal/testkit/s3"
)

var discard = slog.New(slog.DiscardHandler)

// stopped returns a data folder that no server uses, with a user who has a picture.
func stopped(t *testing.T) (from database.Place, picture store.Picture) {
	t.Helper()
	h := house.New(t, house.Options{})
	ann, _ := h.Register(t, "ann@example.com")
	picture = h.SetPicture(t, ann.ID, house.LargeSide)
	_, archived := backup(t, open(t, h))
	_, folder, err := restore(t, archived)
	if err != nil {
		t.Fatal(err)
	}
	return placeAt(t, folder), picture
}

// onFiles is like stopped, but always uses files, whatever engine the tests run on.
func onFiles(t *testing.T) database.Place {
	t.Helper()
	from, _ := stopped(t)
	_, archived := backup(t, openPlace(t, from))
	place, err := database.At(filepath.Join(t.TempDir(), "files"), "", "", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := operate.RestoreFrom(t.Context(), place, bytes.NewReader(archived), nil); err != nil {
		t.Fatal(err)
	}
	return place
}

func openPlace(t *testing.T, place database.Place) *operate.Data {
	t.Helper()
	data, err := operate.Open(t.Context(), place, operate.Options{SessionIdle: time.Hour, SessionMax: time.Hour, Now: time.Now, Log: discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = data.Close() })
	return data
}

// Pictures alone move to a bucket and back. The database stays in use.
func TestMovePictures(t *testing.T) {
	t.Parallel()
	from, picture := stopped(t)
	bucket, folder := s3.New(t).Storage(), filepath.Join(t.TempDir(), "pictures")
	for _, to := range []string{bucket, folder} {
		moved, err := openPlace(t, from).Move(t.Context(), operate.MoveOptions{Storage: to})
		if err != nil || moved.Pictures != 1 || moved.Files != int64(len(picture.Files())) || moved.Rows != 0 {
			t.Fatalf("%+v, %v", moved, err)
		}
		from.Pictures = to
		if _, found := check(t, openPlace(t, from)); len(found) > 0 {
			t.Errorf("%s: %+v", to, found)
		}
	}
}

// A storage to which pictures are being moved is refused, and one of another database is not
// emptied.
func TestStorageThatIsFilled(t *testing.T) {
	t.Parallel()
	from, picture := stopped(t)
	for _, to := range []string{s3.New(t).Storage(), filepath.Join(t.TempDir(), "pictures")} {
		files, err := storage.Fill(t.Context(), to, "another")
		if err != nil {
			t.Fatal(err)
		}
		if err := files.Put(t.Context(), picture.Key, []byte("theirs")); err != nil {
			t.Fatal(err)
		}
		if _, err := openPlace(t, from).Move(t.Context(), operate.MoveOptions{Storage: to}); !errors.Is(err, storage.ErrFilling) {
			t.Errorf("%s: %v", to, err)
		}
		elsewhere := from
		elsewhere.Pictures = to
		if _, err := operate.Open(t.Context(), elsewhere, operate.Options{Now: time.Now, Log: discard}); !errors.Is(err, storage.ErrFilling) {
			t.Errorf("%s: opened: %v", to, err)
		}
		if files, err = storage.Fill(t.Context(), to, "another"); err != nil { // starts clean
			t.Fatal(err)
		}
		if err := files.Finish(t.Context()); err != nil {
			t.Fatal(err)
		}
		if hasBlobs, err := storage.HasBlobs(t.Context(), to); hasBlobs || err != nil {
			t.Errorf("%s: %v, %v", to, hasBlobs, err)
		}
	}
}

// A target that would be removed with the source, or is the source, is refused before anything is
// written.
func TestMoveIntoItself(t *testing.T) {
	t.Parallel()
	from := onFiles(t)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(from.Pictures, link); err != nil {
		t.Fatal(err)
	}
	for to, words := range map[string]string{
		from.Pictures:                          "already",
		link:                                   "already",
		filepath.Join(from.Pictures, "a", "b"): "overlap: ",
		filepath.Join(link, "a"):               "overlap: ",
		from.Path:                              "overlap: ",
	} {
		_, err := openPlace(t, from).Move(t.Context(), operate.MoveOptions{Storage: to})
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("to %s: %v", to, err)
		}
	}
	for file, words := range map[string]string{
		from.Database:                             "already",
		filepath.Join(link, "cardea.db"):          "only: name a file elsewhere",
		filepath.Join(filepath.Dir(link), "a.db"): "",
	} {
		place, err := database.At(from.Path, file, "", "")
		if err != nil {
			t.Fatal(err)
		}
		_, err = openPlace(t, from).Move(t.Context(), operate.MoveOptions{Database: &place})
		if (err == nil) != (words == "") || err != nil && !strings.Contains(err.Error(), words) {
			t.Errorf("to %s: %v", file, err)
		}
		if err == nil {
			if _, err := from.Undo(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Prefixes of one bucket are told apart like folders.
func TestMoveIntoItsPrefix(t *testing.T) {
	t.Parallel()
	from, _ := stopped(t)
	bucket := s3.New(t)
	at := func(prefix string) string { return strings.Replace(bucket.Storage(), "?", "/"+prefix+"?", 1) }
	if _, err := openPlace(t, from).Move(t.Context(), operate.MoveOptions{Storage: at("a/b")}); err != nil {
		t.Fatal(err)
	}
	from.Pictures = at("a/b")
	for to, words := range map[string]string{
		at("a/b") + "&path-style=true": "already",
		at("a/b/c"):                    "overlap: ",
		at("a"):                        "overlap: ",
	} {
		_, err := openPlace(t, from).Move(t.Context(), operate.MoveOptions{Storage: to})
		if err == nil || !strings.Contains(err.Error(), words) || strings.Contains(err.Error(), "endpoint") {
			t.Errorf("to %s: %v", to, err)
		}
	}
	if _, err := openPlace(t, from).Move(t.Context(), operate.MoveOptions{Storage: at("a/bc")}); err != nil {
		t.Error(err)
	}
}

// A server, move or restore that is started on the target while a move fills it says so.
func TestServeWhileFilled(t *testing.T) {
	t.Parallel()
	file, err := database.At(t.TempDir(), "", "", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []database.Place{file, onServer(t, testpostgres.Database(t))} {
		filling, err := to.Fill(t.Context(), "another", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = to.Serve(t.Context(), noPictures)
		if !errors.Is(err, database.ErrFilling) || !strings.Contains(err.Error(), "wait until it has ended") {
			t.Errorf("%v: %v", to, err)
		}
		for _, from := range []string{"another", "a third"} {
			_, err := to.Fill(t.Context(), from, time.Now())
			if !errors.Is(err, database.ErrFilling) || !strings.Contains(err.Error(), "from another; wait until it has ended") {
				t.Errorf("filled from %s, too: %v", from, err)
			}
		}
		if err := filling.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A move that is killed after the source was marked is completed by the same command.
func TestFinishMove(t *testing.T) {
	t.Parallel()
	from, _ := stopped(t)
	address := testpostgres.Database(t)
	to := onServer(t, address)
	to.Pictures = filepath.Join(t.TempDir(), "pictures")
	opt := operate.MoveOptions{Database: &to, Storage: to.Pictures}
	if _, err := openPlace(t, from).Move(t.Context(), opt); err != nil {
		t.Fatal(err)
	}
	if err := operate.FinishMove(t.Context(), from, opt); err != nil { // nothing is left to do
		t.Error(err)
	}
	db, err := to.OpenExisting(t.Context(), noPictures)
	if err != nil {
		t.Fatal(err)
	}
	disk, err := storage.Unopened(to.Pictures)
	if err == nil {
		err = errors.Join(db.MarkFilling(t.Context(), from.Absolute(), time.Now()), db.Close(), disk.Put(t.Context(), "cardeamove", []byte(from.Absolute())))
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := operate.Open(t.Context(), from, operate.Options{Now: time.Now, Log: discard}); !errors.Is(err, database.ErrMoved) {
		t.Errorf("the source: %v", err)
	}
	server, err := to.LockServer(t.Context()) // one that is restarted again and again, because the mark stops it
	if err != nil {
		t.Fatal(err)
	}
	if err := operate.FinishMove(t.Context(), from, opt); !errors.Is(err, database.ErrInUse) || !strings.Contains(err.Error(), "is not complete") {
		t.Errorf("under a server: %v", err)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	if err := operate.FinishMove(t.Context(), from, opt); err != nil {
		t.Error(err)
	}
	if server, err = to.LockServer(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := operate.FinishMove(t.Context(), from, opt); err != nil {
		t.Errorf("complete, and a server runs: %v", err)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	c, found := check(t, openPlace(t, to))
	if len(found) > 0 || c.Users != 1 || c.Pictures != 1 {
		t.Errorf("%+v, %+v", c, found)
	}
	other := onServer(t, testpostgres.Database(t))
	if err := operate.FinishMove(t.Context(), from, operate.MoveOptions{Database: &other}); !errors.Is(err, database.ErrMoved) {
		t.Errorf("moved elsewhere: %v", err)
	}
	if err := execute(t, address, "DROP SCHEMA cardea CASCADE"); err != nil {
		t.Fatal(err)
	}
	if err := operate.FinishMove(t.Context(), from, opt); !errors.Is(err, database.ErrNoData) {
		t.Errorf("the target was removed: %v", err)
	}
}
