package media

import (
	"context"
	"errors"

	"github.com/cardea-accounts/cardea/internal/picture"
	"github.com/cardea-accounts/cardea/internal/store"
)

// ErrNotExported means that a file is no picture such as Cardea stores.
var ErrNotExported = errors.New("the file is no picture such as Cardea stores")

// Exported is a picture as an export has it.
type Exported struct {
	store.Picture        // the keys are not used
	Data          []byte // of the picture
	CropData      [][]byte
}

// Check looks whether Bring would store the picture. Error: [ErrNotExported].
func (e Exported) Check() error {
	if !e.hasSidesOnce() {
		return ErrNotExported
	}
	for _, data := range append([][]byte{e.Data}, e.CropData...) {
		if storedType(data) == "" {
			return ErrNotExported
		}
	}
	return nil
}

// hasSidesOnce reports whether no two crops have one side.
func (e Exported) hasSidesOnce() bool {
	sides := map[int]bool{}
	for _, crop := range e.Crops {
		sides[crop.Side] = true
	}
	return len(sides) == len(e.Crops)
}

// Bring stores an exported picture as it is, in place of the one before: the bytes, the
// addresses and the time stay. Error: [ErrNotExported].
func (p *Pictures) Bring(ctx context.Context, e Exported) error {
	if !e.hasSidesOnce() {
		return ErrNotExported
	}
	row, files := e.Picture, []File{}
	add := func(data []byte) (store.File, error) {
		for _, f := range files {
			if f.Version == Version(data) {
				return f.File, nil
			}
		}
		contentType := storedType(data)
		if contentType == "" {
			return store.File{}, ErrNotExported
		}
		files = append(files, newFile(&picture.Picture{ContentType: contentType, Data: data}))
		return files[len(files)-1].File, nil
	}
	var err error
	if row.File, err = add(e.Data); err != nil {
		return err
	}
	var versions string
	for i := range row.Crops {
		if row.Crops[i].File, err = add(e.CropData[i]); err != nil {
			return err
		}
		versions += row.Crops[i].Version
	}
	if row.CropsVersion = ""; versions != "" {
		row.CropsVersion = Version([]byte(versions))
	}
	if err := p.put(ctx, files); err != nil {
		return err
	}
	var old []string
	err = p.db.Tx(ctx, func(tx *store.Tx) (err error) {
		if old, err = p.Orphan(ctx, tx, row.UserID); err != nil {
			return err
		}
		if err := p.adopt(ctx, tx, keysOf(row)); err != nil {
			return err
		}
		return tx.SetPicture(ctx, row)
	})
	if err != nil {
		p.abandon(ctx, keysOfFiles(files), err)
		return err
	}
	p.Discard(context.WithoutCancel(ctx), old)
	return nil
}

// storedType is the content type of a stored picture; empty if it is none.
func storedType(data []byte) string {
	for _, contentType := range []string{"image/png", "image/jpeg"} {
		if picture.CheckStored(data, contentType) == nil {
			return contentType
		}
	}
	return ""
}
