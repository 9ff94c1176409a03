package operate_test

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/database"
	"github.com/cardea-accounts/cardea/internal/operate"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
	"github.com/cardea-accounts/cardea/internal/testkit/s3"
)

// upTo lists the numbers from 0 below n.
func upTo(n int) func(add func(int) error) error {
	return func(add func(int) error) error {
		for i := range n {
			if err := add(i); err != nil {
				return err
			}
		}
		return nil
	}
}

// As many items as there are workers are worked on at a time, and no more. The results come in order.
func TestInOrder(t *testing.T) {
	t.Parallel()
	const rounds = 3
	var running, used atomic.Int64
	var together sync.WaitGroup // a round of workers
	together.Add(operate.Workers)
	var got []int
	err := operate.InOrder(t.Context(), upTo(rounds*operate.Workers), func(_ context.Context, i int) (int, error) {
		if n := running.Add(1) - used.Load(); n > operate.Workers {
			t.Errorf("%d results are waiting", n)
		}
		if i < operate.Workers { // the first round waits until all of it is there
			together.Done()
			together.Wait()
		}
		return 10 * i, nil
	}, func(result int) error {
		got = append(got, result)
		used.Add(1)
		return nil
	})
	if err != nil || len(got) != rounds*operate.Workers || !slices.IsSorted(got) {
		t.Errorf("%v, %v", got, err)
	}
}

// The first error ends everything, wherever it comes from: of the list, of the work, or of its use.
func TestInOrderEndsAtAnError(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	at := func(fails string, part string, i int) error {
		if fails == part && i == 5 {
			return broken
		}
		return nil
	}
	for _, part := range []string{"list", "work", "use"} {
		var got []int
		list := func(add func(int) error) error {
			return upTo(100)(func(i int) error {
				if err := at(part, "list", i); err != nil {
					return err
				}
				return add(i)
			})
		}
		work := func(_ context.Context, i int) (int, error) { return i, at(part, "work", i) }
		err := operate.InOrder(t.Context(), list, work, func(i int) error {
			if err := at(part, "use", i); err != nil {
				return err
			}
			got = append(got, i)
			return nil
		})
		if !errors.Is(err, broken) || !slices.Equal(got, []int{0, 1, 2, 3, 4}) {
			t.Errorf("%s: %v, %v", part, got, err)
		}
	}
}

// A bucket whose server refuses most calls for a while ends neither a check nor a backup, an export or
// a restore. A restore asks the server for nothing that it is about to write.
func TestBackupWithFlakyBucket(t *testing.T) {
	t.Parallel()
	from, picture := stopped(t)
	bucket := s3.New(t)
	if _, err := openPlace(t, from).Move(t.Context(), operate.MoveOptions{Storage: bucket.Storage()}); err != nil {
		t.Fatal(err)
	}
	proxy := s3.NewProxy(t, bucket.Endpoint)
	from.Pictures = bucket.At(proxy.URL)
	data := openPlace(t, from)
	// busy refuses more requests of a kind than one call makes with all attempts.
	busy := func(isKind func(*http.Request) bool) {
		var calls atomic.Int64
		proxy.FailIf(func(r *http.Request) s3.Fault {
			if isKind(r) && calls.Add(1) <= 4 {
				return s3.Busy
			}
			return s3.None
		})
	}
	ofPicture := func(method string) func(*http.Request) bool {
		return func(r *http.Request) bool {
			return r.Method == method && strings.Contains(r.URL.Path, "/"+picture.Key[:2]+"/")
		}
	}
	ofList := func(r *http.Request) bool { return r.URL.Query().Has("list-type") }
	for name, isKind := range map[string]func(*http.Request) bool{"picture": ofPicture(http.MethodGet), "list": ofList} {
		busy(isKind)
		if c, found := check(t, data); c.Pictures != 1 || len(found) != 0 {
			t.Errorf("check, %s: %+v, %+v", name, c, found)
		}
	}
	busy(ofPicture(http.MethodGet))
	file := filepath.Join(t.TempDir(), "backup.tar")
	if c, err := data.Backup(t.Context(), file, operate.BackupOptions{}); err != nil || c.Pictures != 1 {
		t.Fatalf("backup: %+v, %v", c, err)
	}
	busy(ofPicture(http.MethodGet))
	if c, err := data.Export(t.Context(), filepath.Join(t.TempDir(), "users.tar"), operate.BackupOptions{}); err != nil || c.Pictures != 1 {
		t.Errorf("export: %+v, %v", c, err)
	}

	to, err := database.At(filepath.Join(t.TempDir(), "data"), "", "", s3.New(t).At(proxy.URL))
	if err != nil {
		t.Fatal(err)
	}
	isRead := ofPicture(http.MethodHead)
	busy(func(r *http.Request) bool {
		if isRead(r) || ofPicture(http.MethodGet)(r) {
			t.Errorf("restore: %s %s", r.Method, r.URL.Path)
		}
		return ofPicture(http.MethodPut)(r)
	})
	if c, err := operate.Restore(t.Context(), to, file, nil); err != nil || c.Pictures != 1 {
		t.Fatalf("restore: %+v, %v", c, err)
	}
	proxy.Fail(s3.None)
	if c, found := check(t, openPlace(t, to)); c.Pictures != 1 || len(found) != 0 {
		t.Errorf("restored: %+v, %+v", c, found)
	}
}

// cutLists is a storage whose lists end with an error, each after one more item than the last one.
type cutLists struct {
	blob.Store
	whole int
}

func (c *cutLists) List(ctx context.Context, f func(blob.Item) error) error {
	c.whole++
	n := 0
	return c.Store.List(ctx, func(item blob.Item) error {
		if n++; n > c.whole {
			return errors.New("the connection was cut")
		}
		return f(item)
	})
}

// A check lists the files again while that brings new ones, and reports each once.
func TestCheckListsAgain(t *testing.T) {
	t.Parallel()
	h := house.New(t, house.Options{})
	for _, key := range []string{"nobodys", "stranger", "left"} {
		if err := h.Storage.Store.Put(t.Context(), key, nil); err != nil {
			t.Fatal(err)
		}
	}
	data := open(t, h)
	data.UseStorage(&cutLists{Store: h.Storage.Store})
	data.SetPatience(200 * time.Millisecond) // less than a pause, so each list gets one attempt
	if _, found := check(t, data); len(found) != 3 {
		t.Errorf("%+v", found)
	}
}
