package operate_test

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/archive"
	"github.com/cardea-accounts/cardea/internal/database"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/operate"
	"github.com/cardea-accounts/cardea/internal/password"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
	"github.com/cardea-accounts/cardea/internal/testkit/s3"
)

// open opens a house's folder as a command does, while the house serves it.
func open(t *testing.T, h *house.House) *operate.Data { return openFolder(t, h, h.Folder) }

func openFolder(t *testing.T, h *house.House, folder string) *operate.Data {
	t.Helper()
	data, err := operate.Open(t.Context(), placeAt(t, folder), operate.Options{
		Argon2: password.Params{Memory: 8, Time: 1}, SessionIdle: time.Hour, SessionMax: 24 * time.Hour,
		Now: h.Clock.Now, Log: slog.New(slog.NewTextHandler(h.Log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := data.Close(); err != nil {
			t.Error(err)
		}
	})
	return data
}

// placeAt is a data folder. With CARDEA_TEST_STORAGE=s3, its pictures are in a bucket: that of a house, or
// one next to the folder, which may be missing.
func placeAt(t *testing.T, folder string) database.Place {
	t.Helper()
	if !s3.Everywhere() {
		return house.Place(t, folder, "")
	}
	pictures := filepath.Join(folder, "pictures")
	if _, err := os.Stat(pictures); err != nil {
		pictures = folder + "-pictures"
	}
	return house.Place(t, folder, s3.Over(t, pictures).Storage())
}

// problems collects what is found.
type problems []operate.Problem

func (p *problems) found(problem operate.Problem) { *p = append(*p, problem) }

func check(t *testing.T, data *operate.Data) (operate.Contents, problems) {
	t.Helper()
	var p problems
	c, err := data.Check(t.Context(), operate.CheckOptions{Found: p.found})
	if err != nil {
		t.Error(err)
	}
	return c, p
}

// backup makes a backup of everything.
func backup(t *testing.T, data *operate.Data) (operate.Contents, []byte) {
	t.Helper()
	var w bytes.Buffer
	c, err := data.BackupTo(t.Context(), &w, operate.BackupOptions{Release: "1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	return c, w.Bytes()
}

// restore restores a backup to a new folder.
func restore(t *testing.T, backup []byte) (operate.Contents, string, error) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "restored")
	c, err := operate.RestoreFrom(t.Context(), placeAt(t, folder), bytes.NewReader(backup), nil)
	if s3.Everywhere() && err == nil {
		err = os.Rename(folder+"-pictures", filepath.Join(folder, "pictures")) // where houses have them
	}
	return c, folder, err
}

// wantSame fails unless two contents are the same.
func wantSame(t *testing.T, got, want operate.Contents) {
	t.Helper()
	if got.Release != want.Release || !got.CreatedAt.Equal(want.CreatedAt) || got.Users != want.Users ||
		got.Sessions != want.Sessions || got.Pictures != want.Pictures || got.Secret != want.Secret {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// wantFile fails unless a file of a restored folder is the one that a row names.
func wantFile(t *testing.T, h *house.House, folder string, f store.File) {
	t.Helper()
	at := house.House{Folder: folder}
	if got := h.Read(t, at.Path(f.Key)); media.Version(got) != f.Version {
		t.Errorf("%s: %d other bytes", f.Key, len(got))
	}
}

// member returns a member of a backup: the picture with a key, or the database for an
// empty one.
func member(t *testing.T, backup []byte, key string) []byte {
	t.Helper()
	in, err := archive.NewReader(bytes.NewReader(backup))
	for err == nil {
		var e archive.Entry
		if e, err = in.Next(); err == nil && (e.Kind == archive.KindPicture && e.Key == key || key == "" && e.Kind == archive.KindDatabase) {
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
