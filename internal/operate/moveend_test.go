package operate_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/database"
	"github.com/cardea-accounts/cardea/internal/operate"
	"github.com/cardea-accounts/cardea/internal/storage"
	testpostgres "github.com/cardea-accounts/cardea/internal/testkit/postgres"
	"github.com/cardea-accounts/cardea/internal/testkit/s3"
)

// keepsMarks makes a bucket refuse to remove the marks of a move.
func keepsMarks(proxy *s3.Proxy) {
	proxy.FailIf(func(r *http.Request) s3.Fault {
		if r.Method == http.MethodDelete && strings.Contains(r.URL.Path, "cardea") {
			return s3.Full // which no attempt mends
		}
		return s3.None
	})
}

// wantOpen fails unless a data folder opens, or is refused with an error.
func wantOpen(t *testing.T, place database.Place, refused error) {
	t.Helper()
	data, err := operate.Open(t.Context(), place, operate.Options{Now: time.Now, Log: discard})
	if !errors.Is(err, refused) {
		t.Errorf("%s: %v, want %v", place.Pictures, err, refused)
	}
	if err == nil {
		_ = data.Close()
	}
}

// wantUnfinished fails unless a move says that the source is marked, and what to do.
func wantUnfinished(t *testing.T, err error) {
	t.Helper()
	if _, is := errors.AsType[operate.UnfinishedError](err); !is || !strings.Contains(err.Error(), "run the same command again") {
		t.Errorf("%v", err)
	}
}

// If the storage fails in the last step, the database is refused, too. The same command completes the
// move.
func TestMoveFailsAtItsEnd(t *testing.T) {
	t.Parallel()
	from, _ := stopped(t)
	bucket := s3.New(t)
	proxy := s3.NewProxy(t, bucket.Endpoint)
	to := onServer(t, testpostgres.Database(t))
	to.Pictures = bucket.At(proxy.URL)
	opt := operate.MoveOptions{Database: &to, Storage: to.Pictures, Copied: func(operate.Moved) { keepsMarks(proxy) }}
	_, err := openPlace(t, from).Move(t.Context(), opt)
	wantUnfinished(t, err)
	wantOpen(t, from, database.ErrMoved)
	proxy.Fail(s3.Cut)
	wantOpen(t, to, database.ErrFilling) // although nobody sees the mark in the bucket
	proxy.Fail(s3.None)
	if err := operate.FinishMove(t.Context(), from, opt); err != nil {
		t.Fatal(err)
	}
	if c, found := check(t, openPlace(t, to)); len(found) > 0 || c.Pictures != 1 {
		t.Errorf("%+v, %+v", c, found)
	}
}

// The same holds for pictures that move alone.
func TestMovePicturesFailsAtItsEnd(t *testing.T) {
	t.Parallel()
	from, _ := stopped(t)
	bucket := s3.New(t)
	proxy := s3.NewProxy(t, bucket.Endpoint)
	to := from
	to.Pictures = bucket.At(proxy.URL)
	opt := operate.MoveOptions{Storage: to.Pictures, Copied: func(operate.Moved) { keepsMarks(proxy) }}
	_, err := openPlace(t, from).Move(t.Context(), opt)
	wantUnfinished(t, err)
	wantOpen(t, from, storage.ErrLeft)
	wantOpen(t, to, storage.ErrFilling)
	wantUnfinished(t, operate.FinishMove(t.Context(), from, opt))
	proxy.Fail(s3.None)
	for range 2 { // then nothing is left to do
		if err := operate.FinishMove(t.Context(), from, opt); err != nil {
			t.Fatal(err)
		}
	}
	if err := operate.FinishMove(t.Context(), from, operate.MoveOptions{Storage: t.TempDir()}); !errors.Is(err, storage.ErrLeft) {
		t.Errorf("to another storage: %v", err)
	}
	if c, found := check(t, openPlace(t, to)); len(found) > 0 || c.Pictures != 1 {
		t.Errorf("%+v, %+v", c, found)
	}
}

// A move is given up if another one, from a database with the same name, begins to fill its storage:
// before its end or after it.
func TestMoveTakenOver(t *testing.T) {
	t.Parallel()
	from, _ := stopped(t)
	takeOver := func(storagePlace string) {
		if _, err := storage.Fill(t.Context(), storagePlace, from.Absolute()); err != nil {
			t.Error(err)
		}
	}
	for _, to := range []string{s3.New(t).Storage(), filepath.Join(t.TempDir(), "pictures")} {
		opt := operate.MoveOptions{Storage: to, Copied: func(operate.Moved) { takeOver(to) }}
		if _, err := openPlace(t, from).Move(t.Context(), opt); !errors.Is(err, storage.ErrTaken) {
			t.Errorf("%s: %v", to, err)
		}
		wantOpen(t, from, nil)
	}

	bucket := s3.New(t)
	proxy := s3.NewProxy(t, bucket.Endpoint)
	opt := operate.MoveOptions{Storage: bucket.At(proxy.URL), Copied: func(operate.Moved) { keepsMarks(proxy) }}
	_, err := openPlace(t, from).Move(t.Context(), opt)
	wantUnfinished(t, err)
	proxy.Fail(s3.None)
	takeOver(opt.Storage)
	if err := operate.FinishMove(t.Context(), from, opt); !errors.Is(err, storage.ErrTaken) || !strings.Contains(err.Error(), "--undo") {
		t.Errorf("completed: %v", err)
	}
	if _, _, err := operate.UndoMove(t.Context(), from); err != nil {
		t.Error(err)
	}
	wantOpen(t, from, nil)
}

// If one half of the target is refused, the other one stays as it is.
func TestMoveToRefusedTarget(t *testing.T) {
	t.Parallel()
	from, picture := stopped(t)
	filled := s3.New(t).Storage()
	files, err := storage.Fill(t.Context(), filled, from.Absolute()) // by another move, which runs
	if err == nil {
		err = files.Put(t.Context(), picture.Key, []byte("theirs"))
	}
	if err != nil {
		t.Fatal(err)
	}
	used := onFiles(t)
	if _, err := openPlace(t, from).Move(t.Context(), operate.MoveOptions{Database: &used, Storage: filled}); !errors.Is(err, database.ErrNotEmpty) {
		t.Errorf("to a used database: %v", err)
	}
	if err := files.CheckOwner(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := files.ModTime(t.Context(), picture.Key); err != nil {
		t.Errorf("their picture: %v", err)
	}

	if err := files.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	address := testpostgres.Database(t)
	to := onServer(t, address)
	if _, err := openPlace(t, from).Move(t.Context(), operate.MoveOptions{Database: &to, Storage: filled}); !errors.Is(err, storage.ErrNotEmpty) {
		t.Errorf("to a used storage: %v", err)
	}
	if left := schemaIn(t, address); left != "none" {
		t.Errorf("the database has %s", left)
	}
}

// A folder whose mark cannot be read is refused, because a move may be filling it.
func TestUnreadableMark(t *testing.T) {
	t.Parallel()
	from := onFiles(t)
	if err := os.MkdirAll(filepath.Join(from.Pictures, "ca", "cardeamove"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := operate.Open(t.Context(), from, operate.Options{Now: time.Now, Log: discard})
	if err == nil || !strings.Contains(err.Error(), "cardeamove") {
		t.Errorf("%v", err)
	}
}
