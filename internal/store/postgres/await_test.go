package postgres

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

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

// With target_session_attrs, Await waits until a replica has become the primary, with each sslmode.
func TestAwaitPromotion(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"disable", "prefer"} {
		primary := testpostgres.Start(t, testpostgres.Options{})
		standby := primary.Standby()
		address := changed(t, standby.Superuser("postgres"), func(_ *url.URL, q url.Values) {
			q.Set("sslmode", mode)
			q.Set("target_session_attrs", "read-write")
		})
		var reasons []string
		err := Await(t.Context(), parsed(t, address), long, func(reason error) {
			if reasons = append(reasons, reason.Error()); len(reasons) == 1 {
				primary.Stop(true)
				standby.Promote()
			}
		})
		if err != nil || len(reasons) == 0 || !strings.Contains(reasons[0], "it is a read-only replica") {
			t.Errorf("%s: %q, %v", mode, reasons, err)
		}
	}
}

// With sslmode=prefer, Await waits for a server without TLS that has no free connection.
func TestAwaitConnection(t *testing.T) {
	t.Parallel()
	server := testpostgres.Start(t, testpostgres.Options{Settings: []string{"max_connections=5", "superuser_reserved_connections=1"}})
	address := changed(t, server.Database(), func(_ *url.URL, q url.Values) { q.Set("sslmode", "prefer") })
	var busy []*pgx.Conn
	for {
		conn, err := pgx.Connect(t.Context(), address)
		if err != nil {
			break
		}
		busy = append(busy, conn)
	}
	var reasons []string
	err := Await(t.Context(), parsed(t, address), long, func(reason error) {
		reasons = append(reasons, reason.Error())
		for _, conn := range busy {
			_ = conn.Close(t.Context()) // the server notices
		}
	})
	if err != nil || len(reasons) == 0 || !strings.Contains(reasons[0], "raise max_connections") {
		t.Errorf("%q, %v", reasons, err)
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
