package postgres

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	testpostgres "github.com/cardea-accounts/cardea/internal/testkit/postgres"
)

// await waits for a server, and returns the reasons that Await reported.
func await(ctx context.Context, t *testing.T, address string, patience time.Duration) (reasons []string, err error) {
	t.Helper()
	err = Await(ctx, parsed(t, address), patience, func(reason error) { reasons = append(reasons, reason.Error()) })
	return reasons, err
}

// long is so long that a test which waits for it fails.
const long = time.Hour

// Await waits for an unreachable server as long as patience lasts. It reports the reason once.
func TestAwaitGivesUp(t *testing.T) {
	t.Parallel()
	const patience = 600 * time.Millisecond
	began := time.Now()
	reasons, err := await(t.Context(), t, "postgres://cardea@127.0.0.1:1/cardea", patience)
	if took := time.Since(began); err != nil || took < patience || took > 10*patience {
		t.Errorf("%v after %v", err, took)
	}
	if len(reasons) != 1 || !strings.HasPrefix(reasons[0], "postgres://cardea@127.0.0.1:1/cardea: connection refused") {
		t.Errorf("it says %q", reasons)
	}
}

// Canceling the context ends the wait.
func TestAwaitEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	if err := Await(ctx, parsed(t, "postgres://cardea@127.0.0.1:1/cardea"), long, func(error) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// Await does not wait if an operator must correct something, nor if the server answers.
func TestAwaitReturnsAtOnce(t *testing.T) {
	t.Parallel()
	server := testpostgres.Start(t, testpostgres.Options{Passwords: true})
	address := server.Database()
	for what, change := range map[string]func(*url.URL, url.Values){
		"no password":      same,
		"no such database": func(u *url.URL, _ url.Values) { u.User, u.Path = url.User("postgres"), "/nowhere" },
		"no TLS":           func(_ *url.URL, q url.Values) { q.Set("sslmode", "require") },
	} {
		if reasons, err := await(t.Context(), t, changed(t, address, change), long); err != nil || len(reasons) > 0 {
			t.Errorf("%s: %q, %v", what, reasons, err)
		}
	}
	if reasons, err := await(t.Context(), t, testpostgres.Database(t), long); err != nil || len(reasons) > 0 {
		t.Errorf("it answers: %q, %v", reasons, err)
	}
}
