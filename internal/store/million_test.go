package store_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
)

var million = flag.Int("store.users", 0, "look at plans and times with this number of users on PostgreSQL, such as 1000000")

// crowd fills the tables as an app with n users does. Each statement takes the place of ${n}.
var crowd = []string{
	`INSERT INTO users SELECT 'u' || i, 'Name ' || i, 'u' || i || '@example.com', 'u' || i || '@example.com', i % 2, 'en', 'hash of ' || i, NULL, NULL, i FROM generate_series(1, ${n}) i`,
	`INSERT INTO sessions SELECT 'of' || i, sha256(i::text::bytea), 'u' || i, i, i, i, '192.0.2.1', 'Browser' FROM generate_series(1, ${n}) i`,
	`INSERT INTO pictures SELECT 'u' || i, 'face.png', 'photo' || i, 'image/png', 'version', 'crops', i FROM generate_series(1, ${n}, 10) i`,
	`INSERT INTO crops SELECT 'u' || i, side, 'crop' || i || '-' || side, 'image/png', 'version' FROM generate_series(1, ${n}, 10) i, unnest(ARRAY[64, 128, 256, 512]) side`,
	`INSERT INTO old_picture_names SELECT 'u' || i, 'old.png', i FROM generate_series(1, ${n}, 10) i`,
	`INSERT INTO orphans SELECT 'orphan' || i, i FROM generate_series(1, ${n}, 100) i`,
	`INSERT INTO attempts SELECT 'a' || i, sha256(('counter ' || i)::bytea), i FROM generate_series(1, ${n}) i`,
	`INSERT INTO audit SELECT 'e' || i, i, 'login', 'u' || i, '192.0.2.1', 'r' || i, 1 FROM generate_series(1, ${n}) i`,
	`INSERT INTO challenges SELECT 'c' || i, 'reset', 'u' || i, 'u' || i || '@example.com', '', sha256(('challenge ' || i)::bytea), '', sha256(('browser ' || i)::bytea), '', 0, i, i FROM generate_series(1, ${n}, 10) i`,
	`INSERT INTO outbox SELECT 'mail' || i, 'u' || i, 'u' || i || '@example.com', 'reset', '', 0, '', i, 9000000000000000 + i, 0, 9000000000000000 + i, 0 FROM generate_series(1, ${n}, 10) i`,
	`INSERT INTO imports SELECT sha256(('import ' || i)::bytea), 'source', sha256(('address ' || i)::bytea), 0, 'u' || i, 'run', '', 'x', '', '', 0, '', '' FROM generate_series(1, ${n}) i`,
	`INSERT INTO flask_cookies SELECT sha256(('cookie ' || i)::bytea), i FROM generate_series(1, ${n}) i`,
}

// crowded opens a database with everything that [queries] looks for, and n users more.
func crowded(t *testing.T, n int) (address string, db *store.DB) {
	t.Helper()
	e := postgresEngine
	address = e.address(t)
	db = e.openedWithEverything(t, address)
	for _, statement := range crowd {
		e.exec(t, address, strings.ReplaceAll(statement, "${n}", fmt.Sprint(n)))
	}
	e.exec(t, address, "ANALYZE")
	return address, db
}

// With the plans that the server itself chooses, no query reads a whole table, and none is slower
// with a million users than with a thousand by more than its rows.
//
//	go test ./internal/store -run TestManyUsers -v -timeout 30m -store.users=1000000
func TestManyUsers(t *testing.T) {
	if *million == 0 {
		t.Skip("it takes minutes; see -store.users")
	}
	began := time.Now()
	_, small := crowded(t, 1000)
	_, large := crowded(t, *million)
	t.Logf("filled in %v", time.Since(began).Round(time.Second))
	for _, name := range slices.Sorted(maps.Keys(queries)) {
		if exempt[name] != "" || name == "DeleteAllMail" {
			continue
		}
		e := postgresEngine
		e.fault = chosenPlan
		if err := e.faultOf(t, large, queries[name]); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		few, many := medians(t, small, large, queries[name])
		ratio := many.Seconds() / few.Seconds()
		t.Logf("%-28s %8v %8v %5.2f", name, few.Round(time.Microsecond), many.Round(time.Microsecond), ratio)
		if ratio > 3 { // noise stays below this
			t.Errorf("%s is %.1f times slower with %d users", name, ratio, *million)
		}
	}
}

// chosenPlan is [postgresFault] without a hand on the planner. A small table may be read whole.
func chosenPlan(ctx context.Context, q store.Querier, query string, args []any) (string, error) {
	plan, err := postgresPlan(ctx, q, query, args)
	if !strings.Contains(query, "WHERE") {
		return "", err
	}
	for _, large := range []string{"users", "sessions", "attempts", "audit", "imports", "flask_cookies", "pictures", "crops", "challenges", "outbox"} {
		if strings.Contains(plan, "Seq Scan on "+large) {
			return plan, err
		}
	}
	return "", err
}

// medians measures a query in both databases by turns, each time in a transaction that is rolled
// back.
func medians(t *testing.T, small, large *store.DB, query func(*store.Tx, context.Context) error) (few, many time.Duration) {
	t.Helper()
	const rounds = 21
	var took [2][]time.Duration
	for range rounds {
		for i, db := range []*store.DB{small, large} {
			undo := errors.New("leave everything as it was")
			wantError(t, db, undo, func(tx *store.Tx) error {
				begun := time.Now()
				if err := query(tx, t.Context()); err != nil {
					t.Error(err)
				}
				took[i] = append(took[i], time.Since(begun))
				return undo
			})
		}
	}
	for i := range took {
		slices.Sort(took[i])
	}
	return took[0][rounds/2], took[1][rounds/2]
}
