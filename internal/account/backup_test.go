package account

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/cardea-accounts/cardea/internal/archive"
	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/store/sqlite"
)

// onFirstWrite calls a function when the backup begins to write, which is after
// the database was copied.
type onFirstWrite struct {
	bytes.Buffer
	call func()
}

func (w *onFirstWrite) Write(p []byte) (int, error) {
	w.call()
	return w.Buffer.Write(p)
}

// restored is what a backup was restored to.
type restored struct {
	Contents
	db     *store.DB
	files  blob.Store
	folder string
}

func restoreTo(t *testing.T, backup []byte) (restored, error) {
	t.Helper()
	dir := t.TempDir()
	folder := filepath.Join(dir, "pictures")
	files, err := blob.NewDisk(folder)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "cardea.db")
	c, _, err := Restore(t.Context(), bytes.NewReader(backup), RestoreOptions{Database: path, Pictures: files})
	if err != nil {
		return restored{}, err
	}
	db, err := sqlite.OpenExisting(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return restored{c, db, files, folder}, nil
}

func (b *bench) picture(t *testing.T, user User, side int) {
	t.Helper()
	if _, err := b.SetPicture(t.Context(), user.ID, upload("a.png", pictureOf(t, side)), Client{}); err != nil {
		t.Fatal(err)
	}
}

// Whatever happens to pictures after the database was copied, every row in the
// backup has its file.
func TestBackupTakesPicturesAsTheyAre(t *testing.T) {
	b := newBench(t)
	names := []string{"stays", "replaced", "removed", "deleted", "announced"}
	people := map[string]User{}
	for i, name := range names {
		people[name], _ = b.register(t, name+"@example.com")
		b.picture(t, people[name], 10+i)
	}
	// An upload that has announced and written its file at the time of the copy.
	data := pictureOf(t, 50)
	files := []file{{store.File{Key: newBlobKey(), ContentType: "image/png", Version: contentVersion(data)}, data}}
	announced := store.Picture{UserID: people["announced"].ID, Name: "b.png", File: files[0].File, UpdatedAt: b.now}
	if err := b.storeFiles(t.Context(), files); err != nil {
		t.Fatal(err)
	}
	w := &onFirstWrite{call: sync.OnceFunc(func() {
		b.picture(t, people["replaced"], 40)
		_, deleted := b.DeletePerson(t.Context(), "DELETED@example.com")
		err := errors.Join(deleted, b.RemovePicture(t.Context(), people["removed"].ID, Client{}), b.swapPicture(t.Context(), announced, Client{}))
		if err != nil {
			t.Error(err)
		}
	})}
	made, err := b.Backup(t.Context(), w, BackupOptions{Release: "1.2.3", Folder: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	r, err := restoreTo(t, w.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if made.People != 5 || made.Pictures != 3 || r.Contents != made {
		t.Errorf("backed up %+v, restored %+v", made, r.Contents)
	}
	for name, key := range map[string]string{"stays": "", "replaced": "", "announced": announced.Key} {
		p, err := r.db.PictureOfUser(t.Context(), people[name].ID)
		if err != nil || key != "" && p.Key != key {
			t.Errorf("%s: %+v, %v", name, p, err)
			continue
		}
		f, err := r.files.Open(t.Context(), p.Key)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		data, err := io.ReadAll(f)
		if _ = f.Close(); err != nil || contentVersion(data) != p.Version {
			t.Errorf("%s: other content, %v", name, err)
		}
	}
	// What a row names must not be on the list of what the sweep removes.
	due, err := r.db.DueOrphans(t.Context(), b.now.Add(1000*orphanGrace), 100)
	if err != nil || strings.Contains(strings.Join(due, " "), announced.Key) {
		t.Errorf("to be removed: %v, %v", due, err)
	}
}

func TestBackupOfDamagedPictures(t *testing.T) {
	b := newBench(t)
	for i, name := range []string{"a", "b", "c"} {
		user, _ := b.register(t, name+"@example.com")
		b.picture(t, user, 10+i)
	}
	files := b.files(t)
	if err := errors.Join(os.Remove(files[0]), os.WriteFile(files[1], []byte("other"), 0o600)); err != nil {
		t.Fatal(err)
	}
	var w bytes.Buffer
	_, err := b.Backup(t.Context(), &w, BackupOptions{Folder: t.TempDir()})
	if !errors.Is(err, errPictureDamaged) {
		t.Errorf("got %v", err)
	}
	w.Reset()
	c, err := b.Backup(t.Context(), &w, BackupOptions{Folder: t.TempDir(), SkipDamaged: true, Found: func(Problem) {}})
	if err != nil || c.Pictures != 1 || c.Skipped != 2 {
		t.Errorf("%+v, %v", c, err)
	}
	if r, err := restoreTo(t, w.Bytes()); err != nil || r.Pictures != 1 {
		t.Errorf("%+v, %v", r.Contents, err)
	}
}

// A backup that differs from itself is not restored.
func TestRestoreComparesPicturesWithTheDatabase(t *testing.T) {
	b := newBench(t)
	user, _ := b.register(t, "ann@example.com")
	b.picture(t, user, 10)
	var w bytes.Buffer
	if _, err := b.Backup(t.Context(), &w, BackupOptions{Folder: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	key := filepath.Base(b.files(t)[0])
	read := func(name string) []byte {
		in, err := archive.NewReader(bytes.NewReader(w.Bytes()))
		for err == nil {
			var e archive.Entry
			if e, err = in.Next(); err == nil && (e.Key == name || name == "" && e.Kind == archive.KindDatabase) {
				data, err := io.ReadAll(in)
				if err != nil {
					t.Fatal(err)
				}
				return data
			}
		}
		t.Fatal(err)
		return nil
	}
	picture, database := read(key), read("")
	for what, pictures := range map[string]map[string][]byte{
		"missing":  {},
		"other":    {key: []byte("other")},
		"too many": {key: picture, "abcd": picture},
	} {
		var forged bytes.Buffer
		out, err := archive.NewWriter(&forged, "", b.now)
		for key, data := range pictures {
			err = errors.Join(err, out.Picture(key, data))
		}
		err = errors.Join(err, out.Database(bytes.NewReader(database), int64(len(database))), out.Close())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := restoreTo(t, forged.Bytes()); !errors.Is(err, archive.ErrInvalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
	var twice bytes.Buffer
	out, err := archive.NewWriter(&twice, "", b.now)
	err = errors.Join(err, out.Picture(key, picture), out.Picture(key, picture),
		out.Database(bytes.NewReader(database), int64(len(database))), out.Close())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := restoreTo(t, twice.Bytes()); !errors.Is(err, archive.ErrInvalid) {
		t.Errorf("twice: %v", err)
	}
}

// What an upload in flight has written is not taken for a file that nothing names.
func TestCheckKnowsFilesThatAreAnnounced(t *testing.T) {
	b := newBench(t)
	if err := b.storeFiles(t.Context(), []file{{store.File{Key: newBlobKey()}, []byte("x")}}); err != nil {
		t.Fatal(err)
	}
	if err := b.storage.Put(t.Context(), "nobodys", []byte("x")); err != nil {
		t.Fatal(err)
	}
	var found []Problem
	note := func(p Problem) { found = append(found, p) }
	if _, err := b.CheckData(t.Context(), CheckOptions{Found: note}); err != nil || len(found) != 1 || found[0].File != "nobodys" {
		t.Errorf("%+v, %v", found, err)
	}
}
