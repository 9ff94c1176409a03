package operate_test

import (
	"bytes"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/database"
	"github.com/cardea-accounts/cardea/internal/operate"
	testpostgres "github.com/cardea-accounts/cardea/internal/testkit/postgres"
)

// While a move waits until the server has stopped, the old PostgreSQL server takes no new connections
// for a while. The pause lasts on the old connection, so the move continues.
func TestMoveAwaitsDuringOutage(t *testing.T) {
	t.Parallel()
	source, _ := stopped(t)
	_, archived := backup(t, openPlace(t, source))
	address := testpostgres.Database(t)
	from := onServer(t, address)
	if _, err := operate.RestoreFrom(t.Context(), from, bytes.NewReader(archived), nil); err != nil {
		t.Fatal(err)
	}
	server, err := from.LockServer(t.Context()) // one that is not stopped
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	owner := testpostgres.Connect(t, address)
	limit := func(connections string) {
		if _, err := owner.Exec(t.Context(), "ALTER DATABASE "+strings.TrimPrefix(at.Path, "/")+" CONNECTION LIMIT "+connections); err != nil {
			t.Error(err)
		}
	}
	to, err := database.At(t.TempDir(), filepath.Join(t.TempDir(), "cardea.db"), "", from.Pictures)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	moved, err := openPlace(t, from).Move(t.Context(), operate.MoveOptions{Database: &to, Progress: func(what string, _, _ int64) {
		switch before := len(said); {
		case !strings.HasPrefix(what, "writes are paused"):
		case before == 0:
			said = append(said, what)
			limit("0")
		case before == 1 && what != said[0]:
			said = append(said, what)
			limit("-1")
			if err := server.Close(); err != nil {
				t.Error(err)
			}
		}
	}})
	if err != nil || moved.Users != 1 || len(said) != 2 || !strings.Contains(said[1], "; cannot check at the moment: ") || !strings.Contains(said[1], "too many connections") {
		t.Errorf("%+v, %v, %q", moved, err, said)
	}
}
