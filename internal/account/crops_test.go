package account

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/store"
)

// large is a picture whose crops are files of their own.
const large = 600

// path is where a file of the storage lies.
func (b *bench) path(f store.File) string { return filepath.Join(b.folder, f.Key[:2], f.Key) }

// withLargePicture registers somebody with a picture, and says how it is stored.
func (b *bench) withLargePicture(t *testing.T, email string) (User, store.Picture) {
	t.Helper()
	user, _ := b.register(t, email)
	b.picture(t, user, large)
	return user, b.stored(t, user)
}

func (b *bench) stored(t *testing.T, user User) store.Picture {
	t.Helper()
	p, err := b.db.PictureOfUser(t.Context(), user.ID)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// forgetCrops makes a picture one from before there were crops.
func (b *bench) forgetCrops(t *testing.T, p store.Picture) {
	t.Helper()
	old := p
	old.CropsVersion, old.Crops = "", nil
	if err := b.db.Tx(t.Context(), func(tx *store.Tx) error { return tx.SetPicture(t.Context(), old) }); err != nil {
		t.Fatal(err)
	}
	for _, f := range p.Files()[1:] {
		if err := os.Remove(b.path(f)); err != nil {
			t.Fatal(err)
		}
	}
}

// A backup has the crops, and what was restored from it is sound.
func TestBackupTakesCrops(t *testing.T) {
	b := newBench(t)
	user, want := b.withLargePicture(t, "ann@example.com")
	var w bytes.Buffer
	c, err := b.Backup(t.Context(), &w, BackupOptions{Folder: t.TempDir()})
	if err != nil || c.Pictures != 1 {
		t.Fatalf("%+v, %v", c, err)
	}
	r, err := restoreTo(t, w.Bytes())
	if err != nil || r.Contents != c {
		t.Fatalf("%+v, %v", r.Contents, err)
	}
	got, err := r.db.PictureOfUser(t.Context(), user.ID)
	if err != nil || len(got.Crops) != 4 || len(got.Files()) != 5 || got.CropsVersion != want.CropsVersion {
		t.Errorf("restored %+v, %v", got, err)
	}
	for _, f := range got.Files() {
		if _, err := r.files.ModTime(t.Context(), f.Key); err != nil {
			t.Errorf("%s: %v", f.Key, err)
		}
	}
}

// A damaged crop is told, and does not cost the picture: a backup leaves the crops out,
// and the server makes them again.
func TestDamagedCrop(t *testing.T) {
	for what, damage := range map[string]func(path string) error{
		"missing in the storage": os.Remove,
		"not what was stored":    func(path string) error { return os.WriteFile(path, []byte("other"), 0o600) },
	} {
		t.Run(what, func(t *testing.T) {
			b := newBench(t)
			user, p := b.withLargePicture(t, "ann@example.com")
			damaged := p.Crops[1].File
			if err := damage(b.path(damaged)); err != nil {
				t.Fatal(err)
			}
			var found []Problem
			note := func(p Problem) { found = append(found, p) }
			told := func(by string) {
				t.Helper()
				if len(found) != 1 || found[0].What != "picture" || found[0].Person != user.ID || found[0].File != damaged.Key ||
					!strings.Contains(found[0].Message, what) {
					t.Errorf("%s: %+v", by, found)
				}
				found = nil
			}
			if _, err := b.CheckData(t.Context(), CheckOptions{Found: note}); err != nil {
				t.Error(err)
			}
			told("check")
			var w bytes.Buffer
			if _, err := b.Backup(t.Context(), &w, BackupOptions{Folder: t.TempDir()}); !errors.Is(err, errPictureDamaged) {
				t.Errorf("a backup of all: %v", err)
			}
			w.Reset()
			c, err := b.Backup(t.Context(), &w, BackupOptions{Folder: t.TempDir(), SkipDamaged: true, Found: note})
			if err != nil || c.Pictures != 1 || c.Skipped != 1 {
				t.Errorf("%+v, %v", c, err)
			}
			told("backup")
			r, err := restoreTo(t, w.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			b.db, b.pictures = r.db, r.files
			b.Sweep(t.Context())
			again := b.stored(t, user)
			if again.CropsVersion != p.CropsVersion || again.Version != p.Version || len(again.Crops) != 4 {
				t.Errorf("made again: %+v, before %+v", again, p)
			}
			if _, err := b.CheckData(t.Context(), CheckOptions{Found: note}); err != nil || len(found) != 0 {
				t.Errorf("afterwards: %+v, %v", found, err)
			}
		})
	}
}

// The sweep makes crops that are missing, a few each time, and passes over what it
// cannot make any of.
func TestSweepMakesCrops(t *testing.T) {
	b := newBench(t)
	const people = cropBatch + 5
	users := make([]User, people)
	for i := range users {
		users[i], _ = b.register(t, strings.Repeat("a", i+1)+"@example.com")
		b.picture(t, users[i], 5)
		p := b.stored(t, users[i])
		p.CropsVersion, p.Crops = "", nil
		if err := b.db.Tx(t.Context(), func(tx *store.Tx) error { return tx.SetPicture(t.Context(), p) }); err != nil {
			t.Fatal(err)
		}
	}
	broken := users[people/2]
	if err := os.WriteFile(b.path(b.stored(t, broken).File), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	lacking := func() int {
		ids, err := b.db.PicturesWithoutCrops(t.Context(), "", 1000)
		if err != nil {
			t.Fatal(err)
		}
		return len(ids)
	}
	b.Sweep(t.Context())
	if n := lacking(); n < people-cropBatch || n > people-cropBatch+1 {
		t.Errorf("after one sweep %d lack crops", n)
	}
	b.Sweep(t.Context())
	b.Sweep(t.Context())
	if n := lacking(); n != 1 || b.stored(t, broken).CropsVersion != "" {
		t.Errorf("after all sweeps %d lack crops", n)
	}
	if n := strings.Count(b.log.String(), "picture stays without crops"); n != 1 {
		t.Errorf("logged %d times:\n%s", n, &b.log)
	}
	if orphans := b.orphans(t); len(orphans) != 0 {
		t.Errorf("orphans %v", orphans)
	}
}

// While the storage is out of order crops are not given up, and nothing is left over.
func TestCropsAreMadeWhenTheStorageWorksAgain(t *testing.T) {
	b := newBench(t)
	user, p := b.withLargePicture(t, "ann@example.com")
	b.forgetCrops(t, p)
	b.storage.put = blob.ErrFull
	b.Sweep(t.Context())
	if files, orphans := b.files(t), b.orphans(t); len(files) != 1 || len(orphans) != 0 {
		t.Errorf("files %v, orphans %v", files, orphans)
	}
	b.storage.put = nil
	b.Sweep(t.Context())
	if got := b.stored(t, user); len(got.Files()) != 5 || got.CropsVersion != p.CropsVersion {
		t.Errorf("%+v", got)
	}
}

// A picture that is replaced while its crops are made keeps nothing of them.
func TestCropsOfAReplacedPicture(t *testing.T) {
	b := newBench(t)
	user, p := b.withLargePicture(t, "ann@example.com")
	b.forgetCrops(t, p)
	replaced := false
	b.pictures = onPut{b.storage, func() {
		if !replaced {
			replaced = true
			b.picture(t, user, 5)
		}
	}}
	b.Sweep(t.Context())
	got := b.stored(t, user)
	if files := b.files(t); !replaced || got.Key == p.Key || len(files) != len(got.Files()) {
		t.Errorf("%+v, files %v", got, files)
	}
	if orphans := b.orphans(t); len(orphans) != 0 {
		t.Errorf("orphans %v", orphans)
	}
}

// onPut is a storage that calls a function before each file is put into it.
type onPut struct {
	blob.Store
	call func()
}

func (s onPut) Put(ctx context.Context, key string, data []byte) error {
	s.call()
	return s.Store.Put(ctx, key, data)
}

// Files that could not be removed with their picture go with a later sweep.
func TestCropsAreRemovedLater(t *testing.T) {
	b := newBench(t)
	user, _ := b.withLargePicture(t, "ann@example.com")
	b.storage.delete = errors.New("no such device")
	b.picture(t, user, large/2)
	if err := b.RemovePicture(t.Context(), user.ID, Client{}); err != nil {
		t.Fatal(err)
	}
	if files, orphans := b.files(t), b.orphans(t); len(files) != 9 || len(orphans) != 9 {
		t.Errorf("while the storage fails: %d files, %d orphans", len(files), len(orphans))
	}
	b.storage.delete = nil
	b.Sweep(t.Context())
	if files, orphans := b.files(t), b.orphans(t); len(files) != 0 || len(orphans) != 0 {
		t.Errorf("afterwards: files %v, orphans %v", files, orphans)
	}
}
