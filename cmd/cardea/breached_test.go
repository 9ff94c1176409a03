package main

import (
	"crypto/sha1"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// Commands refuse breached passwords as a registration does. A file that is not a list stops
// the server and the commands before they make anything.
func TestBreachedPasswordsOfCommands(t *testing.T) {
	t.Parallel()
	data, dir := t.TempDir(), t.TempDir()
	serve(t, data, cheap).stop()
	list := filepath.Join(dir, "list.txt")
	if err := os.WriteFile(list, fmt.Appendf(nil, "%X:7\r\n", sha1.Sum([]byte("breached password"))), 0o600); err != nil {
		t.Fatal(err)
	}
	add := []string{"user", "add", "--name", "Ann", "--email", "ann@example.com", "--breached-passwords", list}
	runOn(t, data, "breached password", add...).wantEnd(exitFailed, "password: ", "data breach")
	runOn(t, data, "simplepass", add...).wantDone("Added ann@example.com")
	set := []string{"user", "set-password", "ann@example.com", "--breached-passwords", list}
	runOn(t, data, "breached password", set...).wantEnd(exitFailed, "data breach")
	runOn(t, data, "another password", set...).wantDone()

	noList := filepath.Join(dir, "no list.txt")
	if err := os.WriteFile(noList, []byte("password1\npassword2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	fresh := filepath.Join(dir, "fresh")
	for path, says := range map[string]string{noList: "sorted by hash", dir: "not a file", list + ".gone": "no such file"} {
		serveOnce(t, fresh, "--breached-passwords", path).wantEnd(exitFailed, "breached-passwords: ", path, says)
		runOn(t, data, "simplepass", "user", "add", "--name", "Bob", "--email", "bob@example.com", "--breached-passwords", path).
			wantEnd(exitFailed, "breached-passwords: ", path, says)
	}
	if _, err := os.Stat(fresh); err == nil {
		t.Error("a data folder was made")
	}
}
