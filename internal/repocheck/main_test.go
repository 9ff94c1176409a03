package repocheck

import (
	"log"
	"os"
	"path/filepath"
	"testing"
)

// All tests of this package run in the root of the repository.
func TestMain(m *testing.M) {
	if err := os.Chdir(root()); err != nil {
		log.Fatal(err)
	}
	os.Exit(m.Run())
}

// root returns the nearest folder upwards that holds a go.mod.
func root() string {
	dir, err := os.Getwd()
	if err != nil {
		log.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			log.Fatal("no go.mod in this folder or above it")
		}
		dir = up
	}
}
