package process

import (
	"cmp"
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// keep waits for a line. If the file ends instead, the test program has ended, and the folder $1
// is removed. Servers that write there end at the same time, so there is a second attempt.
const keep = `read -r _ && exit
attempts=0
until rm -rf "$1" || [ "$attempts" = 100 ]; do attempts=$((attempts + 1)); sleep 0.1; done`

// Folder makes a temporary folder which the user of servers owns. The caller removes it, after
// its servers have ended. It is also removed if the test program ends before that.
func Folder(name string) (path string, remove func(), err error) {
	return folder(os.TempDir(), name)
}

// FastFolder is like Folder, for data that no test expects on a disk. It is in memory if there is
// enough. On a busy disk, making a database takes five times as long.
func FastFolder(name string) (path string, remove func(), err error) {
	return folder(cmp.Or(memory(), os.TempDir()), name)
}

func folder(parent, name string) (path string, remove func(), err error) {
	if path, err = os.MkdirTemp(parent, "cardea-"+name+"-"); err != nil {
		return "", nil, err
	}
	keeper := exec.CommandContext(context.Background(), "sh", "-c", keep, "sh", path) //nolint:gosec // the path is ours
	lastWord, err := startApart(keeper)
	if err != nil {
		_ = os.Remove(path) // it is empty
		return "", nil, err
	}
	remove = func() {
		_ = os.RemoveAll(path) // a temporary folder
		lastWord()
		_ = keeper.Wait() // it only ends
	}
	if err := Give(path); err != nil {
		remove()
		return "", nil, err
	}
	return path, remove, nil
}

// Give makes the user of servers the owner of a file, or of a folder and everything in it.
func Give(path string) error {
	if os.Getuid() != 0 {
		return nil
	}
	uid, gid, err := ordinary()
	if err != nil {
		return err
	}
	return filepath.WalkDir(path, func(inner string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(inner, uid, gid) //nolint:gosec // nobody else writes there
	})
}

// GiveBelow is Give for a path below a folder of [testing.T.TempDir], which it lets the user pass.
func GiveBelow(path string) error {
	if os.Getuid() != 0 {
		return nil
	}
	temporary := filepath.Clean(os.TempDir())
	for up := filepath.Dir(path); strings.HasPrefix(up, temporary+string(filepath.Separator)); up = filepath.Dir(up) {
		info, err := os.Stat(up)
		if err != nil {
			return err
		}
		if err := os.Chmod(up, info.Mode().Perm()|0o111); err != nil {
			return err
		}
	}
	return Give(path)
}
