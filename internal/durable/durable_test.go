package durable_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/cardea-accounts/cardea/internal/durable"
)

func TestWriteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for _, content := range []string{"first", "second, longer", ""} {
		if err := durable.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		wantFiles(t, path, content)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v (%v), want 0600", info.Mode(), err)
	}
}

// A crash can leave a temporary file behind. The next write replaces it.
func TestWriteFileAfterACrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path+durable.Suffix, []byte("half of something longer"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := durable.WriteFile(path, []byte("whole"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, path, "whole")
}

// A write that fails changes nothing and leaves nothing behind.
func TestWriteFileFails(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "folder")
	if err := os.MkdirAll(filepath.Join(folder, "inside"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := durable.WriteFile(folder, []byte("x"), 0o600); err == nil {
		t.Error("a file has replaced a folder that is not empty")
	}
	wantNames(t, filepath.Dir(folder), "folder")
	if err := durable.WriteFile(filepath.Join(folder, "none", "file"), nil, 0o600); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("in a missing folder: %v", err)
	}
}

func TestWriteNew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := durable.WriteNew(path, []byte("first"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := durable.WriteNew(path, []byte("second"), 0o600); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second time: %v, want fs.ErrExist", err)
	}
	wantFiles(t, path, "first")

	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink("/nowhere/file", link); err != nil {
		t.Fatal(err)
	}
	if err := durable.WriteNew(link, []byte("x"), 0o600); !errors.Is(err, fs.ErrExist) {
		t.Errorf("at a dangling link: %v, want fs.ErrExist", err)
	}
}

// A file appears only when it is committed.
func TestCreate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	create := func(content string) *durable.File {
		f, err := durable.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(content); err != nil {
			t.Fatal(err)
		}
		return f
	}
	first, second, third, fourth := create("first"), create("second"), create("third"), create("fourth")
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before Commit: %v", err)
	}
	if err := first.CommitNew(); err != nil {
		t.Error(err)
	}
	if err := second.Discard(); err != nil {
		t.Error(err)
	}
	if err := third.CommitNew(); !errors.Is(err, fs.ErrExist) {
		t.Errorf("CommitNew over a file: %v, want fs.ErrExist", err)
	}
	if err := fourth.Commit(); err != nil {
		t.Error(err)
	}
	wantFiles(t, path, "fourth")
}

func TestRename(t *testing.T) {
	folder := t.TempDir()
	from, to := filepath.Join(folder, "from"), filepath.Join(folder, "to")
	for _, path := range []string{from, to} {
		if err := os.WriteFile(path, []byte(path), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := durable.Rename(from, to); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, to, from)
	if err := durable.Rename(to, filepath.Join(t.TempDir(), "to")); err == nil {
		t.Error("renamed to another folder, which is not synced")
	}
}

// wantFiles requires that a file has a content and that its folder has no other file.
func wantFiles(t *testing.T, path, content string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != content {
		t.Errorf("the file has %q (%v), want %q", got, err, content)
	}
	wantNames(t, filepath.Dir(path), filepath.Base(path))
}

func wantNames(t *testing.T, folder string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if !slices.Equal(names, want) {
		t.Errorf("the folder has %q, want %q", names, want)
	}
}

func TestMkdirAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "c")
	for range 2 {
		if err := durable.MkdirAll(path); err != nil {
			t.Fatal(err)
		}
	}
	for _, folder := range []string{path, filepath.Dir(path)} {
		if info, err := os.Stat(folder); err != nil || info.Mode() != fs.ModeDir|0o700 {
			t.Errorf("%s: %v, %v", folder, info.Mode(), err)
		}
	}
	file := filepath.Join(path, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, under := range []string{file, filepath.Join(file, "below")} {
		if err := durable.MkdirAll(under); err == nil {
			t.Errorf("%s was made", under)
		}
	}
}
