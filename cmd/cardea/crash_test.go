package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/testkit/s3"
)

var (
	crashRounds = flag.Int("crash.rounds", 3, "how often TestCrash kills the server")
	crashSeed   = flag.Uint64("crash.seed", 0, "seed of TestCrash; 0: a new one each time")
)

const (
	crashWorkers = 8
	// readyWithin is how long a start may take, also after a crash.
	readyWithin = time.Second
	// sampleSize is how many of the users without requests in a round are compared after it.
	sampleSize = 200
)

// cheap makes password hashes cheap and turns throttling off.
var cheap = []string{"CARDEA_ARGON2_MEMORY=64", "CARDEA_ARGON2_TIME=1", "CARDEA_RATE_LIMIT=off"}

// TestCrash kills the server with SIGKILL during many writes, again and again on the same
// data folder. After each start it requires that
//
//   - the server is ready within a second,
//   - everything that was ever acknowledged holds, and
//   - a request without an answer was carried out completely or not at all.
//
// At the end no file and no row may be left over.
//
// It cannot show that data survives a loss of power: what the operating system holds in
// memory survives SIGKILL.
func TestCrash(t *testing.T) {
	seed := *crashSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("%d rounds with -crash.seed=%d", *crashRounds, seed)
	c := newCrashTest(t, seed)
	for round := 1; round <= *crashRounds; round++ {
		c.dieStarting()
		server := c.start()
		c.verify(server, func(u *crashUser) bool { return u.touched == round-1 })
		c.storm(server, round)
	}
	server := c.start()
	c.verify(server, func(*crashUser) bool { return true })
	c.wantNothingLeftOver()
	server.stop()
	c.report()
}

// crashTest is a data folder and what it must hold.
type crashTest struct {
	*testing.T
	data    string
	random  *rand.Rand
	workers []*worker

	slowestStart time.Duration
	mu           sync.Mutex
	inDoubt      int // requests without an answer
	carriedOut   int // how many of them turned out to be carried out
}

// newCrashTest derives all random choices from the seed. The moment at which the server is
// killed still depends on the machine.
func newCrashTest(t *testing.T, seed uint64) *crashTest {
	c := &crashTest{T: t, data: filepath.Join(t.TempDir(), "data"), random: rand.New(rand.NewPCG(seed, 0))}
	for i := range crashWorkers {
		c.workers = append(c.workers, newWorker(i, rand.New(rand.NewPCG(seed, uint64(i)+1))))
	}
	return c
}

// start starts the server and requires that it is soon ready.
func (c *crashTest) start() *server {
	c.Helper()
	s := serve(c, c.data, cheap)
	ctx, cancel := context.WithTimeout(c.Context(), patience)
	defer cancel()
	_, err := caller{ctx, s.url}.send(request{method: "GET", path: "/readyz"}, http.StatusOK)
	took := time.Since(s.began)
	if err != nil {
		c.Fatalf("not ready: %v; stderr:\n%s", err, &s.stderr)
	}
	if took > readyWithin {
		c.Errorf("ready only after %v, want %v at most", took, readyWithin)
	}
	c.slowestStart = max(c.slowestStart, took)
	return s
}

// dieStarting kills a server while it starts, or just after it began to listen. This must
// not matter to the next one.
func (c *crashTest) dieStarting() {
	p := launch(c, serveCommand(c, c.data), cheap...)
	<-time.After(c.between(0, 30*time.Millisecond))
	p.kill()
}

// storm lets all workers write at once until the server is killed. A load balancer asks
// all the time whether the server is ready.
func (c *crashTest) storm(s *server, round int) {
	death := c.between(50*time.Millisecond, 400*time.Millisecond)
	var workers sync.WaitGroup
	for _, w := range c.workers {
		w.caller, w.round = caller{c.Context(), s.url}, round
		workers.Go(func() {
			if err := w.work(); !errors.Is(err, errNoAnswer) {
				c.Errorf("round %d: %v; the server said\n%s", round, err, &s.stderr)
			}
		})
	}
	workers.Go(func() {
		if err := askForReadiness(caller{c.Context(), s.url}); !errors.Is(err, errNoAnswer) {
			c.Errorf("round %d: %v", round, err)
		}
	})
	<-time.After(death)
	s.kill()
	workers.Wait()
}

func askForReadiness(server caller) error {
	for {
		if _, err := server.get("", "/readyz", http.StatusOK); err != nil {
			return err
		}
	}
}

func (c *crashTest) between(least, most time.Duration) time.Duration {
	return least + time.Duration(c.random.Int64N(int64(most-least)))
}

func (c *crashTest) users() []*crashUser {
	var all []*crashUser
	for _, w := range c.workers {
		all = append(all, w.users...)
	}
	return all
}

// verify compares the selected users with the server, and a sample of the others.
func (c *crashTest) verify(s *server, selects func(*crashUser) bool) {
	var chosen, others []*crashUser
	for _, u := range c.users() {
		if selects(u) {
			chosen = append(chosen, u)
		} else {
			others = append(others, u)
		}
	}
	c.random.Shuffle(len(others), func(i, j int) { others[i], others[j] = others[j], others[i] })
	chosen = append(chosen, others[:min(sampleSize, len(others))]...)

	queue := make(chan *crashUser)
	var verifiers sync.WaitGroup
	for range crashWorkers {
		verifiers.Go(func() {
			for u := range queue {
				if err := c.verifyUser(u, caller{c.Context(), s.url}); err != nil {
					c.Errorf("%s: %v", u.email, err)
				}
			}
		})
	}
	for _, u := range chosen {
		queue <- u
	}
	close(queue)
	verifiers.Wait()
	if c.Failed() {
		c.FailNow() // the rest would report wrong things
	}
}

// verifyUser compares a user with the server. Of two possible states it finds out which
// one is true.
func (c *crashTest) verifyUser(u *crashUser, server caller) error {
	err := u.compare(server, u.now)
	if u.maybe == nil {
		return err
	}
	carriedOut := err != nil
	if carriedOut {
		if err2 := u.compare(server, *u.maybe); err2 != nil {
			return errors.Join(errors.New("the request without an answer was neither ignored nor carried out"), err, err2)
		}
		u.now = *u.maybe
	}
	u.maybe = nil
	c.count(carriedOut)
	if !u.now.registered {
		return u.register(server)
	}
	return nil
}

func (c *crashTest) count(carriedOut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inDoubt++
	if carriedOut {
		c.carriedOut++
	}
}

// wantNothingLeftOver compares the files with the database. The server removes what is
// left over soon after its start: in a bucket, after a minute.
func (c *crashTest) wantNothingLeftOver() {
	c.Helper()
	db := openDatabase(c, c.data)
	column := func(query string) []string { return readColumn(c, db, query) }

	soon := patience
	if s3.Everywhere() { // the first sweep after the grace
		soon = media.LateGrace + time.Minute
	}
	within(c, soon, "the table orphans is empty", func() bool { return len(column(`SELECT blob_key FROM orphans`)) == 0 })
	var named []string
	pictures := filepath.Join(c.data, "pictures")
	for _, key := range column(`SELECT blob_key FROM pictures UNION SELECT blob_key FROM crops`) {
		named = append(named, filepath.Join(pictures, key[:2], key))
	}
	c.wantSame("files of pictures and crops", filesIn(c, pictures), named)

	runOn(c, c.data, "", "check").wantDone("All is well")

	var emails, withPicture, sessions []string
	for _, u := range c.users() {
		emails = append(emails, u.email)
		if u.now.picture != nil {
			withPicture = append(withPicture, u.id)
		}
		sessions = append(sessions, u.email+" "+strconv.Itoa(u.now.sessions()))
	}
	c.wantSame("users", column(`SELECT email FROM users`), emails)
	c.wantSame("users with a picture", column(`SELECT user_id FROM pictures`), withPicture)
	c.wantSame("users with three files", column(`SELECT p.user_id FROM pictures p JOIN crops c ON c.user_id = p.user_id AND c.blob_key <> p.blob_key
		GROUP BY p.user_id HAVING count(*) = 4 AND count(DISTINCT c.blob_key) = 2`), withPicture)
	c.wantSame("numbers of sessions", column(`SELECT email || ' ' || count(s.id)
		FROM users u LEFT JOIN sessions s ON s.user_id = u.id GROUP BY email`), sessions)
}

// wantSame compares two lists in any order.
func (c *crashTest) wantSame(what string, got, want []string) {
	c.Helper()
	missing := func(from, list []string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(from, s) })
	}
	if extra, lost := missing(want, got), missing(got, want); len(extra) > 0 || len(lost) > 0 || len(got) != len(want) {
		c.Errorf("%s: %d, want %d; too many: %v; missing: %v", what, len(got), len(want), extra, lost)
	}
}

func readColumn(t testing.TB, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var values []string
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		values = append(values, v)
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return values
}

func (c *crashTest) report() {
	acknowledged := map[string]int{}
	for _, w := range c.workers {
		for what, n := range w.acknowledged {
			acknowledged[what] += n
		}
	}
	c.Logf("slowest start until ready: %v", c.slowestStart.Round(time.Millisecond))
	c.Logf("%d users; acknowledged: %v; without an answer: %d, of which carried out: %d",
		len(c.users()), acknowledged, c.inDoubt, c.carriedOut)
}
