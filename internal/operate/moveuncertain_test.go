package operate_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/operate"
	testpostgres "github.com/cardea-accounts/cardea/internal/testkit/postgres"
	"github.com/cardea-accounts/cardea/internal/testkit/s3"
	"github.com/cardea-accounts/cardea/internal/testkit/tcpproxy"
)

// If the answer to the commit that moves the data is lost, the error says that the data may have been
// moved. The same command completes the move.
func TestMoveWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	restored, _ := stopped(t)
	_, archived := backup(t, openPlace(t, restored))
	for _, what := range []string{"rows", "pictures"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			proxy, address := tcpproxy.Before(t, testpostgres.Database(t))
			from := onServer(t, address)
			if _, err := operate.RestoreFrom(t.Context(), from, bytes.NewReader(archived), nil); err != nil {
				t.Fatal(err)
			}
			opt, to := operate.MoveOptions{Copied: func(operate.Moved) { proxy.LoseAnswer("commit") }}, from
			if what == "rows" {
				to = onServer(t, testpostgres.Database(t))
				opt.Database, to.Pictures = &to, from.Pictures
			} else {
				opt.Storage = filepath.Join(t.TempDir(), "pictures")
				to.Pictures = opt.Storage
			}
			_, err := openPlace(t, from).Move(t.Context(), opt)
			if wantUnfinished(t, err); err == nil || !strings.Contains(err.Error(), "may have been moved") {
				t.Errorf("%v", err)
			}
			if err := operate.FinishMove(t.Context(), from, opt); err != nil {
				t.Fatal(err)
			}
			if c, found := check(t, openPlace(t, to)); len(found) > 0 || c.Pictures != 1 {
				t.Errorf("%+v, %+v", c, found)
			}
		})
	}
}

// A move that is complete is not called unfinished if only the connection that holds the lock of the
// target cannot be closed properly: here PostgreSQL stops answering on it.
func TestCompleteMoveIsFinished(t *testing.T) {
	t.Parallel()
	from, _ := stopped(t)
	address := testpostgres.Database(t)
	to := onServer(t, address)
	to.Pictures = s3.New(t).Storage()
	opt := operate.MoveOptions{Database: &to, Storage: to.Pictures, Copied: func(operate.Moved) { stopLockHolder(t, address) }}
	_, err := openPlace(t, from).Move(t.Context(), opt)
	if _, isUnfinished := errors.AsType[operate.UnfinishedError](err); err == nil || isUnfinished || !strings.Contains(err.Error(), "moved completely") {
		t.Errorf("it ended with %v", err)
	}
	if c, found := check(t, openPlace(t, to)); c.Pictures != 1 || len(found) != 0 {
		t.Errorf("moved %+v, %+v", c, found)
	}
}
