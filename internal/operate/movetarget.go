package operate

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cardea-accounts/cardea/internal/database"
	"github.com/cardea-accounts/cardea/internal/storage"
)

// refuseTarget fails for a target that would be removed with the source, or is the source.
func (m *move) refuseTarget(ctx context.Context) error {
	old, to := m.dir.Pictures, m.opt.Storage
	if to != "" {
		switch {
		case storage.IsSame(old, to):
			return fmt.Errorf("the pictures are in %s already", storage.Name(to))
		case isNested(old, to):
			return fmt.Errorf("the old storage %s and the new storage %s overlap: removing the old pictures later could remove the new ones. "+
				"Name one that is neither inside the old storage nor around it; nothing was changed", storage.Name(old), storage.Name(to))
		}
	}
	if m.opt.Database == nil {
		return nil
	}
	isSame, err := m.place.IsSameServer(ctx, *m.opt.Database)
	if err != nil {
		return err
	}
	if isSame {
		return fmt.Errorf("the users are in %v already: name another database or schema with --to-database; nothing was changed", m.opt.Database)
	}
	if m.opt.Database.IsServer() {
		return nil
	}
	file := m.opt.Database.Database
	if isSameDatabase(m.place, *m.opt.Database) {
		return fmt.Errorf("the users are in %s already: name another file with --to-database; nothing was changed", file)
	}
	for _, folder := range []string{old, to} {
		if folder != "" && !storage.IsBucket(folder) && isInside(folder, file) {
			return fmt.Errorf("%s would be inside the picture storage %s, which is for pictures only: "+
				"name a file elsewhere with --to-database; nothing was changed", file, folder)
		}
	}
	return nil
}

// isNested reports whether one of two storages is inside the other.
func isNested(a, b string) bool {
	if storage.IsBucket(a) || storage.IsBucket(b) {
		return storage.AreNestedBuckets(a, b)
	}
	return isInside(a, b) || isInside(b, a)
}

func isSameDatabase(a, b database.Place) bool {
	return !a.IsServer() && !b.IsServer() && isInside(a.Database, b.Database) && isInside(b.Database, a.Database)
}

// isInside reports whether a path is the folder or lies in it, also through links. Both may be
// missing.
func isInside(folder, path string) bool {
	folder = withoutLinks(folder)
	forbidden, missing := os.Stat(folder)
	for path = withoutLinks(path); ; path = filepath.Dir(path) {
		if path == folder {
			return true
		}
		if info, err := os.Stat(path); err == nil && missing == nil && os.SameFile(info, forbidden) {
			return true
		}
		if path == filepath.Dir(path) {
			return false
		}
	}
}

// withoutLinks is an absolute path whose links are followed, as far as it exists.
func withoutLinks(path string) string {
	path = absolute(path)
	for above, rest := path, ""; ; above, rest = filepath.Dir(above), filepath.Join(filepath.Base(above), rest) {
		if real, err := filepath.EvalSymlinks(above); err == nil {
			return filepath.Join(real, rest)
		}
		if above == filepath.Dir(above) {
			return path
		}
	}
}

func absolute(path string) string {
	if path, err := filepath.Abs(path); err == nil {
		return path
	}
	return path
}
