package account

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/archive"
	"github.com/cardea-accounts/cardea/internal/blob"
)

// trouble is a storage with files that cannot be opened, read, looked at or removed.
type trouble struct {
	blob.Store
	open, read, remove map[string]error // by key
}

func (s trouble) Open(ctx context.Context, key string) (blob.Blob, error) {
	if err := s.open[key]; err != nil {
		return nil, err
	}
	b, err := s.Store.Open(ctx, key)
	return failingBlob{b, s.read[key]}, err
}

func (s trouble) Delete(ctx context.Context, key string) error {
	if err := s.remove[key]; err != nil {
		return err
	}
	return s.Store.Delete(ctx, key)
}

type failingBlob struct {
	blob.Blob
	err error
}

func (b failingBlob) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	return b.Blob.Read(p)
}

// with takes the picture storage for one that has troubles.
func (b *bench) with(t trouble) {
	t.Store = b.storage.Store
	b.storage.Store = t
}

func osError(op, key string, err error) error {
	return &fs.PathError{Op: op, Path: "/data/pictures/" + key, Err: err}
}

// A picture that cannot be read, for whatever reason, keeps nobody from looking at
// the others, nor from backing them up.
func TestUnreadablePicturesAreToldEach(t *testing.T) {
	b := newBench(t)
	for i, name := range []string{"a", "b", "c", "d"} {
		user, _ := b.register(t, name+"@example.com")
		b.picture(t, user, 10+i)
	}
	var keys []string
	for _, path := range b.files(t) {
		keys = append(keys, filepath.Base(path))
	}
	b.with(trouble{
		open: map[string]error{keys[0]: osError("open", keys[0], syscall.EACCES)},
		read: map[string]error{keys[1]: osError("read", keys[1], syscall.EIO), keys[2]: osError("read", keys[2], syscall.EISDIR)},
	})
	var found []Problem
	note := func(p Problem) { found = append(found, p) }
	want := func(what string) {
		t.Helper()
		said := map[string]string{}
		for _, p := range found {
			said[p.File] = p.Message
			if p.What != "picture" || p.Person == "" || strings.Contains(p.Message, "/data/") {
				t.Errorf("%s: %+v", what, p)
			}
		}
		for i, words := range []string{"permission denied", "input/output error", "is a directory"} {
			if !strings.Contains(said[keys[i]], "cannot be read: "+words) {
				t.Errorf("%s: of %s it says %q", what, keys[i], said[keys[i]])
			}
		}
		if len(found) != 3 {
			t.Errorf("%s: %+v", what, found)
		}
		found = nil
	}
	if c, err := b.CheckData(t.Context(), CheckOptions{Found: note}); err != nil || c.Pictures != 4 {
		t.Errorf("%+v, %v", c, err)
	}
	want("check")

	var w bytes.Buffer
	if _, err := b.Backup(t.Context(), &w, BackupOptions{Folder: t.TempDir()}); !errors.Is(err, errPictureDamaged) {
		t.Errorf("a backup of all: %v", err)
	}
	w.Reset()
	c, err := b.Backup(t.Context(), &w, BackupOptions{Folder: t.TempDir(), SkipDamaged: true, Found: note})
	if err != nil || c.Pictures != 1 || c.Skipped != 3 {
		t.Errorf("%+v, %v", c, err)
	}
	want("backup")
	if r, err := restoreTo(t, w.Bytes()); err != nil || r.Pictures != 1 {
		t.Errorf("%+v, %v", r.Contents, err)
	}
}

// Who interrupts a check is not told that all pictures are damaged.
func TestInterruptedCheckTellsNoProblem(t *testing.T) {
	b := newBench(t)
	user, _ := b.register(t, "a@example.com")
	b.picture(t, user, 10)
	ctx, cancel := context.WithCancel(t.Context())
	key := filepath.Base(b.files(t)[0])
	b.with(trouble{read: map[string]error{key: errors.New("read when it is too late")}})
	_, err := b.CheckData(ctx, CheckOptions{
		Found: func(p Problem) { t.Errorf("%+v", p) },
		Progress: func(what string, _, _ int64) {
			if what == "checking pictures" {
				cancel()
			}
		},
	})
	if err == nil {
		t.Error("it went to the end")
	}
}

func TestOrphanThatCannotBeRemoved(t *testing.T) {
	b := newBench(t)
	for _, key := range []string{"kept", "gone"} {
		if err := b.storage.Put(t.Context(), key, nil); err != nil {
			t.Fatal(err)
		}
	}
	b.now = time.Now().Add(2 * orphanGrace) // the files have times of their own
	b.with(trouble{remove: map[string]error{"kept": osError("remove", "kept", syscall.EPERM)}})
	removed, kept := 0, ""
	if _, err := b.CheckData(t.Context(), CheckOptions{RemoveOrphans: true, Found: func(p Problem) {
		if p.Removed {
			removed++
		} else {
			kept += p.Message
		}
	}}); err != nil || removed != 1 || !strings.HasSuffix(kept, "removed: operation not permitted") {
		t.Errorf("removed %d, %q, %v", removed, kept, err)
	}
}

// fickle is a file that reads differently from what was written, as on a failing disk.
type fickle struct {
	*os.File
	written, wrong []byte
}

func (f fickle) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	copy(p, bytes.ReplaceAll(p[:n], f.written, f.wrong))
	return n, err
}

// A new backup is read again, to the last member.
func TestBackupIsVerified(t *testing.T) {
	b := newBench(t)
	user, _ := b.register(t, "ann@example.com")
	b.picture(t, user, 10)
	secret := []byte("the key of device cookies")
	for what, f := range map[string]fickle{
		"":                   {written: []byte("none"), wrong: []byte("like")},
		"secret.key":         {written: secret, wrong: bytes.ToUpper(secret)},
		"cardea.db":          {written: []byte("ann@example.com"), wrong: []byte("eve@example.com")},
		"cardea.bd":          {written: []byte(`{"name":"cardea.db"`), wrong: []byte(`{"name":"cardea.bd"`)},
		"cardea-backup.json": {written: []byte("1.2.3"), wrong: []byte("1.2.4")},
	} {
		file, err := os.Create(filepath.Join(t.TempDir(), "b.tar"))
		if err != nil {
			t.Fatal(err)
		}
		f.File = file
		_, err = b.Backup(t.Context(), f, BackupOptions{Release: "1.2.3", DeviceKey: secret, Folder: t.TempDir()})
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
