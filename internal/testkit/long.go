package testkit

import (
	"os"
	"testing"
)

// Long skips a test that takes long, except where the environment has CI=true.
func Long(t testing.TB) {
	t.Helper()
	if os.Getenv("CI") != "true" {
		t.Skip("IT TAKES LONG, so it runs with CI=true only")
	}
}
