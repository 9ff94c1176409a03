package main

import (
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit/s3"
)

// Ctrl-C after the pictures are recorded as moved does not undo that. If the last step then fails, the
// command says so, and the same command completes it. --undo allows the old storage again.
func TestMoveInterruptedAtItsEnd(t *testing.T) {
	t.Parallel()
	bucket, data := s3.New(t), withPicture(t)
	proxy := s3.NewProxy(t, bucket.Endpoint)
	there := bucket.At(proxy.URL)
	stalled := make(chan struct{})
	var once sync.Once
	proxy.FailIf(func(r *http.Request) s3.Fault {
		if r.Method == http.MethodDelete && strings.Contains(r.URL.Path, "cardeamove") {
			once.Do(func() { close(stalled) })
			return s3.Stall
		}
		return s3.None
	})
	move := startMove(t, data, movePlace{}, movePlace{storage: there})
	select {
	case <-stalled:
	case <-move.ended:
		t.Fatalf("it ended: %s", &move.stderr)
	}
	move.signal(syscall.SIGINT)
	proxy.Fail(s3.Full)
	if code := move.wait(); code != exitFailed || !strings.Contains(move.stderr.String(), "run the same command again to complete the move") ||
		strings.Contains(move.stderr.String(), "writes continue") {
		t.Errorf("exit code %d: %s", code, &move.stderr)
	}
	serveOnce(t, data).wantEnd(exitFailed, "the pictures were moved from this storage", "--undo")
	proxy.Fail(s3.None)
	serveOnce(t, data, "--storage", there).wantEnd(exitFailed, "a move or restore of pictures to this storage", "run the same move or restore again")
	startMove(t, data, movePlace{}, movePlace{storage: there}).wantDone("already been moved there")
	runOn(t, data, "", "check", "--storage", there).wantDone("1 picture", "All is well")

	undo := func(flags ...string) *process {
		return runOn(t, data, "", append([]string{"move", "--undo"}, flags...)...)
	}
	undo("--to-storage", there).wantEnd(exitUsage, "--undo takes no --to-database or --to-storage")
	undo("--to-database", "there.db").wantEnd(exitUsage, "--undo takes no")
	undo().wantDone("can be used again")
	runOn(t, data, "", "check").wantDone("All is well")
}
