package operate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/operate"
	"github.com/cardea-accounts/cardea/internal/store"
	testpostgres "github.com/cardea-accounts/cardea/internal/testkit/postgres"
	"github.com/cardea-accounts/cardea/internal/testkit/tcpproxy"
)

// If the target database stops answering during the pause, the move gives up soon and says so, and
// writes continue: after rows were copied, and while a server is still to be stopped.
func TestMoveToSilentDatabase(t *testing.T) {
	t.Parallel()
	const atTheEnd = "writes are paused; waiting until the server has stopped"
	for _, when := range []string{"copying rows", atTheEnd} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			from, _ := stopped(t)
			proxy, address := tcpproxy.Before(t, testpostgres.Database(t))
			to := onServer(t, address)
			server, err := from.LockServer(t.Context()) // one that is not stopped
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close() //nolint:errcheck // the test ends
			opt := operate.WithTargetPatience(operate.MoveOptions{Database: &to, Progress: func(what string, _, _ int64) {
				if what == when {
					proxy.Stall()
				}
			}}, 2*time.Second)
			source := openPlace(t, from)
			began := time.Now()
			_, err = source.Move(t.Context(), opt)
			if err == nil || !strings.HasPrefix(err.Error(), "the target database has not answered for 2s") || strings.Contains(err.Error(), "\n") {
				t.Errorf("after %v: %v", time.Since(began), err)
			}
			db, err := from.OpenExisting(t.Context(), noPictures)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close() //nolint:errcheck // it was written
			if err := db.Tx(t.Context(), func(tx *store.Tx) error { return tx.SetMark(t.Context(), store.FlaskFrom, time.Now()) }); err != nil {
				t.Errorf("writes do not continue: %v", err)
			}
			proxy.Recover()
			if err := server.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := source.Move(t.Context(), operate.MoveOptions{Database: &to}); err != nil {
				t.Errorf("again: %v", err)
			}
		})
	}
}
