package operate_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/cardea-accounts/cardea/internal/archive"
	"github.com/cardea-accounts/cardea/internal/datadir"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/operate"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
	"github.com/cardea-accounts/cardea/internal/user"
)

// onFirstWrite calls a function when the backup begins to write, which is after the
// database was copied.
type onFirstWrite struct {
	bytes.Buffer
	call func()
}

func (w *onFirstWrite) Write(p []byte) (int, error) {
	w.call()
	return w.Buffer.Write(p)
}

// Whatever happens to pictures after the database was copied, every row in the backup
// has its file.
func TestBackupTakesPicturesAsTheyAre(t *testing.T) {
	h := house.New(t, house.Options{})
	data := open(t, h)
	users := map[string]user.User{}
	for i, name := range []string{"stays", "replaced", "removed", "deleted", "announced"} {
		users[name], _ = h.Register(t, name+"@example.com")
		h.SetPicture(t, users[name].ID, 10+i)
	}
	finishUpload := h.HaltedUpload(t, users["announced"].ID) // its file is announced and written, and no row names it
	w := &onFirstWrite{call: sync.OnceFunc(func() {
		h.SetPicture(t, users["replaced"].ID, 40)
		_, deleted := data.Delete(t.Context(), "DELETED@example.com")
		err := errors.Join(deleted, h.Pictures.Remove(t.Context(), users["removed"].ID, guard.Client{}), finishUpload())
		if err != nil {
			t.Error(err)
		}
	})}
	made, err := data.BackupTo(t.Context(), w, operate.BackupOptions{Release: "1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	got, folder, err := restore(t, w.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if wantSame(t, got, made); made.Users != 5 || made.Pictures != 3 {
		t.Errorf("backed up %+v", made)
	}
	db, err := placeAt(t, folder).OpenExisting(t.Context(), func() (bool, error) { return true, nil })
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, name := range []string{"stays", "replaced", "announced"} {
		row, err := db.PictureOfUser(t.Context(), users[name].ID)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		wantFile(t, h, folder, row.File)
	}
	// A file that a row names must not be on the list of files to be removed.
	announced := h.Picture(t, users["announced"].ID).Key
	due, err := db.DueOrphans(t.Context(), h.Clock.Now().Add(1000*media.OrphanGrace), 100)
	if err != nil || strings.Contains(strings.Join(due, " "), announced) {
		t.Errorf("to be removed: %v, %v", due, err)
	}
}

// A backup has the crops, too, and what is restored from it is sound.
func TestBackupTakesCrops(t *testing.T) {
	h := house.New(t, house.Options{})
	ann, _ := h.Register(t, "ann@example.com")
	row := h.SetPicture(t, ann.ID, house.LargeSide)
	made, archived := backup(t, open(t, h))
	got, folder, err := restore(t, archived)
	if err != nil || made.Pictures != 1 {
		t.Fatalf("%+v, %v", made, err)
	}
	wantSame(t, got, made)
	if len(row.Files()) != 5 {
		t.Errorf("files %+v", row.Files())
	}
	for _, f := range row.Files() {
		wantFile(t, h, folder, f)
	}
	if c, found := check(t, openFolder(t, h, folder)); c.Pictures != 1 || len(found) != 0 {
		t.Errorf("the restored folder: %+v, %+v", c, found)
	}
}

// secret.key is in the backup, word for word.
func TestBackupTakesTheSecretKey(t *testing.T) {
	h := house.New(t, house.Options{})
	dir := datadir.At(h.Folder, "", "")
	if _, err := dir.Keys(); err != nil {
		t.Fatal(err)
	}
	made, archived := backup(t, open(t, h))
	got, folder, err := restore(t, archived)
	if err != nil || made.Secret != datadir.KeyPresent {
		t.Fatalf("%+v, %v", made, err)
	}
	wantSame(t, got, made)
	before, after := h.Read(t, dir.SecretFile()), h.Read(t, datadir.At(folder, "", "").SecretFile())
	if !bytes.Equal(before, after) {
		t.Errorf("%d other bytes", len(after))
	}
}

// changed is a file that reads differently from what was written, as on a failing disk.
type changed struct {
	*os.File
	written, read []byte
}

func (f changed) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	copy(p, bytes.ReplaceAll(p[:n], f.written, f.read))
	return n, err
}

// A new backup is read again, to the last member.
func TestBackupIsVerified(t *testing.T) {
	h := house.New(t, house.Options{})
	ann, _ := h.Register(t, "ann@example.com")
	h.SetPicture(t, ann.ID, 10)
	dir := datadir.At(h.Folder, "", "")
	if _, err := dir.Keys(); err != nil {
		t.Fatal(err)
	}
	secret := h.Read(t, dir.SecretFile())
	data := open(t, h)
	for what, f := range map[string]changed{
		"":                   {written: []byte("no file has it"), read: []byte("but if one had")},
		"secret.key":         {written: secret, read: bytes.Repeat([]byte("x"), len(secret))},
		"cardea.db":          {written: []byte("ann@example.com"), read: []byte("eve@example.com")},
		"cardea.bd":          {written: []byte(`{"name":"cardea.db"`), read: []byte(`{"name":"cardea.bd"`)},
		"cardea-backup.json": {written: []byte("1.2.3"), read: []byte("1.2.4")},
	} {
		file, err := os.Create(filepath.Join(t.TempDir(), "b.tar"))
		if err != nil {
			t.Fatal(err)
		}
		f.File = file
		_, err = data.BackupAndVerify(t.Context(), f, t.TempDir(), operate.BackupOptions{Release: "1.2.3"})
		switch {
		case what == "" && err != nil:
			t.Errorf("nothing changed: %v", err)
		case what != "" && (!errors.Is(err, archive.ErrInvalid) || !strings.Contains(err.Error(), what) || !strings.Contains(err.Error(), "disk")):
			t.Errorf("%s: %v", what, err)
		}
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	}
}
