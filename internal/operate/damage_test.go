package operate_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/operate"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
	"github.com/cardea-accounts/cardea/internal/testkit/s3"
)

// backupSkipping makes a backup without damaged pictures.
func backupSkipping(t *testing.T, data *operate.Data) (operate.Contents, problems, []byte) {
	t.Helper()
	var w bytes.Buffer
	if _, err := data.BackupTo(t.Context(), &w, operate.BackupOptions{}); !errors.Is(err, media.ErrDamaged) {
		t.Errorf("a backup of all: %v", err)
	}
	w.Reset()
	var p problems
	c, err := data.BackupTo(t.Context(), &w, operate.BackupOptions{SkipDamaged: true, Found: p.found})
	if err != nil {
		t.Fatal(err)
	}
	return c, p, w.Bytes()
}

// A picture that cannot be used, for whatever reason, is reported. It stops neither a
// check of the others nor their backup.
func TestDamagedPicturesAreReportedEach(t *testing.T) {
	h := house.New(t, house.Options{})
	words := map[string]string{}
	var keys []string
	for i, name := range []string{"a", "b", "c", "d", "e", "f"} {
		u, _ := h.Register(t, name+"@example.com")
		keys = append(keys, h.SetPicture(t, u.ID, 10+i).Key)
	}
	if err := errors.Join(os.Remove(h.Path(keys[0])), os.WriteFile(h.Path(keys[1]), []byte("other"), 0o600)); err != nil {
		t.Fatal(err)
	}
	words[keys[0]], words[keys[1]] = "is missing from the storage", "is not what was stored"
	storage := &house.Storage{Store: h.Storage.Store, FailOpen: map[string]error{}, FailRead: map[string]error{}}
	for key, err := range map[string]error{keys[2]: syscall.EACCES, keys[3]: syscall.EIO, keys[4]: syscall.EISDIR} {
		words[key] = "cannot be read: " + err.Error()
		failing := &fs.PathError{Op: "open", Path: "/data/pictures/" + key, Err: err}
		storage.FailRead[key] = failing
		if errors.Is(err, syscall.EACCES) {
			storage.FailOpen[key] = failing
		}
	}
	data := open(t, h)
	data.UseStorage(storage)
	want := func(by string, found problems) {
		t.Helper()
		for _, p := range found {
			if p.What != operate.ProblemPicture || p.User == "" || strings.Contains(p.Message, "/data/") ||
				words[p.File] == "" || !strings.Contains(p.Message, words[p.File]) {
				t.Errorf("%s: %+v, want %q", by, p, words[p.File])
			}
		}
		if len(found) != 5 {
			t.Errorf("%s: %+v", by, found)
		}
	}
	c, found := check(t, data)
	if want("check", found); c.Pictures != 6 {
		t.Errorf("checked %+v", c)
	}
	c, found, archived := backupSkipping(t, data)
	if want("backup", found); c.Pictures != 1 || c.Skipped != 5 {
		t.Errorf("backed up %+v", c)
	}
	if got, _, err := restore(t, archived); err != nil || got.Pictures != 1 || got.Users != 6 {
		t.Errorf("restored %+v, %v", got, err)
	}
}

// An outage of the picture storage is no damage: backups and checks stop with one line, even if
// damaged pictures may be left out.
func TestOutageIsNoDamage(t *testing.T) {
	t.Parallel()
	from, _ := stopped(t)
	bucket := s3.New(t)
	if _, err := openPlace(t, from).Move(t.Context(), operate.MoveOptions{Storage: bucket.Storage()}); err != nil {
		t.Fatal(err)
	}
	proxy := s3.NewProxy(t, bucket.Endpoint)
	from.Pictures = bucket.At(proxy.URL)
	data := openPlace(t, from)
	data.SetPatience(5 * time.Second)
	proxy.Fail(s3.Cut)
	var p problems
	_, checked := data.Check(t.Context(), operate.CheckOptions{Found: p.found})
	_, copied := data.BackupTo(t.Context(), io.Discard, operate.BackupOptions{SkipDamaged: true, Found: p.found})
	proxy.FailIf(func(r *http.Request) s3.Fault {
		if r.URL.Query().Has("list-type") {
			return s3.Cut
		}
		return s3.None
	})
	_, listed := data.Check(t.Context(), operate.CheckOptions{Found: p.found})
	for _, err := range []error{checked, copied, listed} {
		if !errors.Is(err, media.ErrUnavailable) || errors.Is(err, media.ErrDamaged) || !strings.Contains(err.Error(), "again when the storage answers") {
			t.Errorf("%v", err)
			continue
		}
		if said := err.Error(); strings.Contains(said, "\n") || strings.Contains(said, "skip-damaged") || strings.Contains(said, "Get ") {
			t.Errorf("it says: %s", said)
		}
	}
	if len(p) > 0 {
		t.Errorf("called damaged: %+v", p)
	}
}

// A damaged crop is reported, but the picture is kept: a backup leaves the crops out, and
// the server makes them again.
func TestDamagedCrop(t *testing.T) {
	for what, damage := range map[string]func(path string) error{
		"missing from the storage": os.Remove,
		"not what was stored":      func(path string) error { return os.WriteFile(path, []byte("other"), 0o600) },
	} {
		t.Run(what, func(t *testing.T) {
			h := house.New(t, house.Options{})
			ann, _ := h.Register(t, "ann@example.com")
			before := h.SetPicture(t, ann.ID, house.LargeSide)
			damaged := before.Crops[1].Key
			if err := damage(h.Path(damaged)); err != nil {
				t.Fatal(err)
			}
			want := func(by string, found problems) {
				t.Helper()
				if len(found) != 1 || found[0].What != operate.ProblemPicture || found[0].User != ann.ID || found[0].File != damaged ||
					!strings.Contains(found[0].Message, what) {
					t.Errorf("%s: %+v", by, found)
				}
			}
			data := open(t, h)
			_, found := check(t, data)
			want("check", found)
			c, found, archived := backupSkipping(t, data)
			if want("backup", found); c.Pictures != 1 || c.Skipped != 1 {
				t.Errorf("backed up %+v", c)
			}
			_, folder, err := restore(t, archived)
			if err != nil {
				t.Fatal(err)
			}
			restored := house.At(t, folder, house.Options{})
			if err := restored.Pictures.SweepCrops(t.Context()); err != nil {
				t.Fatal(err)
			}
			after := restored.Picture(t, ann.ID)
			if after.CropsVersion != before.CropsVersion || after.Version != before.Version || len(after.Crops) != 4 {
				t.Errorf("made again: %+v, before %+v", after, before)
			}
			if _, found := check(t, open(t, restored)); len(found) != 0 {
				t.Errorf("afterwards: %+v", found)
			}
		})
	}
}

// If the operator interrupts a check, it does not call pictures damaged.
func TestInterruptedCheckReportsNoProblem(t *testing.T) {
	h := house.New(t, house.Options{})
	ann, _ := h.Register(t, "ann@example.com")
	bob, _ := h.Register(t, "bob@example.com")
	keys := map[string]string{ann.ID: h.SetPicture(t, ann.ID, 10).Key, bob.ID: h.SetPicture(t, bob.ID, 10).Key}
	last := keys[max(ann.ID, bob.ID)] // pictures are checked in the order of users
	data := open(t, h)
	data.UseStorage(&house.Storage{Store: h.Storage.Store, FailRead: map[string]error{last: errors.New("read too late")}})
	ctx, cancel := context.WithCancel(t.Context())
	_, err := data.Check(ctx, operate.CheckOptions{
		Found: func(p operate.Problem) { t.Errorf("%+v", p) },
		Progress: func(what string, _, _ int64) {
			if what == "checking pictures" {
				cancel()
			}
		},
	})
	if err == nil {
		t.Error("it was not interrupted")
	}
}

// A file that an upload in progress has written is not reported as one that nothing names.
func TestCheckKnowsFilesThatAreAnnounced(t *testing.T) {
	h := house.New(t, house.Options{})
	ann, _ := h.Register(t, "ann@example.com")
	finishUpload := h.HaltedUpload(t, ann.ID)
	if err := h.Storage.Store.Put(t.Context(), "nobodys", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, found := check(t, open(t, h)); len(h.Files(t)) != 2 || len(found) != 1 || found[0].What != operate.ProblemFile || found[0].File != "nobodys" {
		t.Errorf("%+v of the files %v", found, h.Files(t))
	}
	if err := finishUpload(); err != nil {
		t.Error(err)
	}
}

// A file that cannot be removed is reported with the reason. The others are removed.
func TestOrphanThatCannotBeRemoved(t *testing.T) {
	h := house.New(t, house.Options{})
	ann, _ := h.Register(t, "ann@example.com")
	named := h.SetPicture(t, ann.ID, house.LargeSide)
	for _, key := range []string{"kept", "gone"} {
		if err := h.Storage.Store.Put(t.Context(), key, nil); err != nil {
			t.Fatal(err)
		}
	}
	h.Clock.Set(time.Now().Add(2 * media.OrphanGrace)) // files have the time of the real clock
	failure := &fs.PathError{Op: "remove", Path: "/data/pictures/kept", Err: syscall.EPERM}
	data := open(t, h)
	data.UseStorage(&house.Storage{Store: h.Storage.Store, FailDeleteOf: map[string]error{"kept": failure}})
	var found problems
	if _, err := data.Check(t.Context(), operate.CheckOptions{RemoveOrphans: true, Found: found.found}); err != nil {
		t.Error(err)
	}
	slices.SortFunc(found, func(a, b operate.Problem) int { return strings.Compare(a.File, b.File) })
	if len(found) != 2 || !found[0].Removed || found[1].Removed || !strings.HasSuffix(found[1].Message, "removed: operation not permitted") {
		t.Errorf("%+v", found)
	}
	if files := h.Files(t); len(files) != len(named.Files())+1 || !slices.Contains(files, "kept") {
		t.Errorf("files %v", files)
	}
}

// A database that names fewer than a quarter of the files may be the wrong one: a new one, or
// an old one that was put back. It costs no files.
func TestRemovalNeedsADatabaseThatNamesFiles(t *testing.T) {
	for name, c := range map[string]struct {
		named, others int
		removes       bool
	}{
		"a new database": {0, 1, false},
		"an old one":     {1, 4, false},
		"the right one":  {1, 3, true},
	} {
		t.Run(name, func(t *testing.T) {
			h := house.New(t, house.Options{})
			for i := range c.named {
				u, _ := h.Register(t, fmt.Sprintf("user%d@example.com", i))
				h.SetPicture(t, u.ID, 10) // one file each
			}
			for i := range c.others {
				if err := h.Storage.Store.Put(t.Context(), fmt.Sprint("other", i), nil); err != nil {
					t.Fatal(err)
				}
			}
			h.Clock.Set(time.Now().Add(2 * media.OrphanGrace)) // files have the time of the real clock
			var found problems
			if _, err := open(t, h).Check(t.Context(), operate.CheckOptions{RemoveOrphans: true, Found: found.found}); err != nil {
				t.Error(err)
			}
			if left := len(h.Files(t)); (left == c.named) != c.removes || !c.removes && (left != c.named+c.others || found[0].What != operate.ProblemDatabase) {
				t.Errorf("%d files are left; %+v", left, found)
			}
		})
	}
}
