package operate_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"testing"

	"github.com/cardea-accounts/cardea/internal/archive"
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
