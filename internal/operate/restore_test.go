package operate_test

import (
	"bytes"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/archive"
	"github.com/cardea-accounts/cardea/internal/database"
	"github.com/cardea-accounts/cardea/internal/datadir"
	"github.com/cardea-accounts/cardea/internal/operate"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

// A backup whose pictures differ from its database is not restored, and leaves nothing.
func TestRestoreComparesPicturesWithTheDatabase(t *testing.T) {
	h := house.New(t, house.Options{})
	ann, _ := h.Register(t, "ann@example.com")
	key := h.SetPicture(t, ann.ID, 10).Key
	_, archived := backup(t, open(t, h))
	database := member(t, archived, "")
	intact := picture{key, member(t, archived, key)}
	for what, c := range map[string]struct {
		pictures []picture
		want     error
	}{
		"intact":   {[]picture{intact}, nil},
		"missing":  {nil, archive.ErrInvalid},
		"other":    {[]picture{{key, []byte("other")}}, archive.ErrInvalid},
		"too many": {[]picture{intact, {"abcd", intact.data}}, archive.ErrInvalid},
		"twice":    {[]picture{intact, intact}, archive.ErrInvalid},
	} {
		var forged bytes.Buffer
		out, err := archive.NewWriter(&forged, "1.2.3", h.Clock.Now())
		for _, p := range c.pictures {
			err = errors.Join(err, out.Picture(p.key, p.data))
		}
		if err = errors.Join(err, out.Database(bytes.NewReader(database), int64(len(database))), out.Close()); err != nil {
			t.Fatal(err)
		}
		_, folder, err := restore(t, forged.Bytes())
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v", what, err)
		}
		if _, err := os.Lstat(folder); c.want != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: the folder is still there (%v)", what, err)
		}
	}
}

type picture struct {
	key  string
	data []byte
}

// What a restore did not make, it does not remove: a link to a disk that is not mounted.
func TestFailedRestoreLeavesLinks(t *testing.T) {
	h := house.New(t, house.Options{})
	_, archived := backup(t, open(t, h))
	for name, place := range map[string]func(elsewhere string) (datadir.Dir, string){
		"the data folder": func(elsewhere string) (datadir.Dir, string) {
			link := filepath.Join(elsewhere, "data")
			return datadir.At(link, "", ""), link
		},
		"the picture folder": func(elsewhere string) (datadir.Dir, string) {
			link := filepath.Join(elsewhere, "pictures")
			return datadir.At(filepath.Join(elsewhere, "data"), "", link), link
		},
		"the lock": func(elsewhere string) (datadir.Dir, string) {
			dir := datadir.At(filepath.Join(elsewhere, "data"), filepath.Join(elsewhere, "db"), "")
			return dir, dir.LockFile()
		},
		"the log": func(elsewhere string) (datadir.Dir, string) {
			dir := datadir.At(filepath.Join(elsewhere, "data"), filepath.Join(elsewhere, "db"), "")
			return dir, dir.Staged() + "-wal"
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, link := place(t.TempDir())
			if err := os.Symlink("/nowhere/file", link); err != nil {
				t.Fatal(err)
			}
			// A cut-off backup fails in any case, the others at the link or after it.
			if _, err := operate.RestoreFrom(t.Context(), database.In(dir), bytes.NewReader(archived[:len(archived)/2]), nil); err == nil {
				t.Error("restored")
			}
			if to, err := os.Readlink(link); err != nil || to != "/nowhere/file" {
				t.Errorf("the link leads to %q, %v", to, err)
			}
		})
	}
}

// Rows that no registration, login or upload makes are not restored, and nothing is left.
func TestRestoreValidatesRows(t *testing.T) {
	h := house.New(t, house.Options{})
	ann, _ := h.Register(t, "ann@example.com")
	key := h.SetPicture(t, ann.ID, 10).Key
	_, archived := backup(t, open(t, h))
	original := member(t, archived, "")
	for name, statement := range map[string]string{
		"nothing":              "SELECT 1",
		"nothing: from Flask":  "UPDATE users SET password_hash = '$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW'",
		"nothing: no password": "UPDATE users SET password_hash = ''",
		"an id":                "PRAGMA foreign_keys = off; UPDATE users SET id = 'a_b'; UPDATE sessions SET user_id = 'a_b'; UPDATE pictures SET user_id = 'a_b'; UPDATE crops SET user_id = 'a_b'",
		"a name":               "UPDATE users SET name = 'a' || char(27) || '[2J'",
		"a blank name":         "UPDATE users SET name = ' '",
		"an address":           "UPDATE users SET email = 'Ann <ann@example.com>'",
		"the compared address": "UPDATE users SET email_key = 'bob@example.com'",
		"a language":           "UPDATE users SET language = '<b>'",
		"a hash":               "UPDATE users SET password_hash = 'secret'",
		"the cost of a hash":   "UPDATE users SET password_hash = replace(password_hash, 'm=8,t=1', 'm=4194304,t=1000')",
		"a hash of minutes":    "UPDATE users SET password_hash = replace(password_hash, 'm=8,t=1', 'm=1048576,t=3')",
		"a hash from Flask":    "UPDATE users SET password_hash = '$2b$15$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW'",
		"a session's id":       "UPDATE sessions SET id = '../x'",
		"a session's token":    "UPDATE sessions SET token_hash = x'00'",
		"a content type":       "UPDATE pictures SET content_type = 'text/html'",
		"another content type": "UPDATE pictures SET content_type = 'image/jpeg', name = 'a.jpg'",
		"a crop's type":        "UPDATE crops SET content_type = 'image/svg+xml'",
		"a crop's side":        "UPDATE crops SET side = 65 WHERE side = 64",
		"a picture's name":     "UPDATE pictures SET name = '../a.png'",
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "cardea.db")
			if err := os.WriteFile(path, original, 0o600); err != nil {
				t.Fatal(err)
			}
			db, err := sql.Open("sqlite", path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.ExecContext(t.Context(), statement); errors.Join(err, db.Close()) != nil {
				t.Fatal(err)
			}
			database := h.Read(t, path)
			var forged bytes.Buffer
			out, err := archive.NewWriter(&forged, "1.2.3", h.Clock.Now())
			if err = errors.Join(err, out.Picture(key, member(t, archived, key)), out.Database(bytes.NewReader(database), int64(len(database))), out.Close()); err != nil {
				t.Fatal(err)
			}
			_, folder, err := restore(t, forged.Bytes())
			isWrong := !strings.HasPrefix(name, "nothing")
			if errors.Is(err, archive.ErrInvalid) != isWrong {
				t.Errorf("restored: %v", err)
			}
			if _, err := os.Lstat(folder); isWrong && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the folder is still there (%v)", err)
			}
		})
	}
}

// A restored copy sends none of the mail that waited.
func TestRestoreDropsMail(t *testing.T) {
	h := house.New(t, house.Options{})
	h.Register(t, "ann@example.com")
	data := open(t, h)
	_, archived := backup(t, data)
	_, folder, err := restore(t, archived)
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		data *operate.Data
		want int
	}{"backed up": {data, 1}, "restored": {openFolder(t, h, folder), 0}} {
		if list, err := c.data.Mails(t.Context(), 9); err != nil || len(list) != c.want {
			t.Errorf("%s: %d messages, %v", what, len(list), err)
		}
	}
}
