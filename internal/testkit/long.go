package testkit

import (
	"os"
	"testing"
)

// Long skips a test that takes long, except where the environment has CI=true. With -short, as
// when the race detector runs, it is skipped there, too.
func Long(t testing.TB) {
	t.Helper()
	if os.Getenv("CI") != "true" || testing.Short() {
		t.Skip("IT TAKES LONG, so it runs with CI=true and without -short only")
	}
}
