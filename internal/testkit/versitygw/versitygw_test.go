package versitygw

import (
	"net/url"
	"os"
	"strconv"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit/need"
)

// A server that does not start leaves no folder behind.
func TestFailedStartLeavesNothing(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	for _, program := range []string{"/missing", "/bin/false"} {
		if s, err := Start(program, "key", "secret"); err == nil {
			s.Stop()
			t.Errorf("%s is a server", program)
		}
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// If another server already has the port, that one is not mistaken for the new one.
func TestTakenPort(t *testing.T) {
	t.Parallel()
	program, err := Build()
	if err != nil {
		need.Missing(t, "s3", err.Error(), "go tool -modfile=tools/go.mod versitygw has to build")
	}
	first, err := Start(program, "key", "secret")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(first.Stop)
	u, err := url.Parse(first.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	if second, err := start(program, port, "key", "secret"); err == nil {
		second.Stop()
		t.Error("a second server answers on the port of the first")
	}
}
