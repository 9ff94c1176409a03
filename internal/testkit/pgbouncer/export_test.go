package pgbouncer

import (
	"net/url"
	"strconv"
	"syscall"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit/process"
)

// StartOnPortOf starts pgbouncer on the port of another one, whose address is through.
func StartOnPortOf(t testing.TB, through, address string) error {
	t.Helper()
	at, err := url.Parse(through)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(at.Port())
	if err != nil {
		t.Fatal(err)
	}
	folder, remove, err := process.Folder("pgbouncer")
	if err != nil {
		t.Fatal(err)
	}
	defer remove()
	_, running, err := start(find(t), folder, port, address, nil)
	if err == nil {
		_ = running.Stop(syscall.SIGTERM) // it should not run
	}
	return err
}
