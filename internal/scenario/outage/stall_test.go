package outage

import (
	"bytes"
	"net/http"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/postgres"
	"github.com/cardea-accounts/cardea/internal/testkit/tcpproxy"
	"github.com/cardea-accounts/cardea/internal/token"
)

// longest is how long a request may take while the database does not answer, on a busy machine. The
// server closes a connection after ten seconds, so an answer shows by itself that it came in time.
const longest = 20 * time.Second

// waiting counts the goroutines that are in a query or a transaction.
func waiting(t *testing.T) (n int) {
	t.Helper()
	var stacks bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&stacks, 2); err != nil {
		t.Fatal(err)
	}
	for stack := range strings.SplitSeq(stacks.String(), "\n\n") {
		if strings.Contains(stack, "cardea/internal/store.") {
			n++
		}
	}
	return n
}

// A network that lets nothing pass, or refuses connections, makes requests fail with 503, and not
// wait for ever. Nothing piles up, and all is well when it is back.
func TestNetworkFails(t *testing.T) {
	testkit.Long(t)
	// No other test runs meanwhile, because goroutines are counted.
	for what, fail := range map[string]func(*tcpproxy.Proxy){"stalls": (*tcpproxy.Proxy).Stall, "refuses": (*tcpproxy.Proxy).Refuse} {
		t.Run(what, func(t *testing.T) {
			proxy, address := tcpproxy.Before(t, postgres.Database(t))
			server := testkit.Start(t, at(address))
			ada := server.Register(t, "ada@example.com")

			fail(proxy)
			var asking sync.WaitGroup
			for range 100 {
				for request, ask := range map[string]func(c *testkit.Client) *testkit.Answer{
					"register": func(c *testkit.Client) *testkit.Answer {
						return c.Post("/api/register", testkit.Registration("Eve", "eve@example.com", "simplepass"))
					},
					"login": func(c *testkit.Client) *testkit.Answer {
						return c.Post("/api/login", testkit.Credentials("ada@example.com", "simplepass"))
					},
					"look": func(c *testkit.Client) *testkit.Answer {
						c.Cookie = string(token.New()) // in no memory
						return c.Get("/api/user")
					},
				} {
					asking.Go(func() {
						begun := time.Now()
						a := ask(server.NewClient(t))
						if took := time.Since(begun); a.Status != http.StatusServiceUnavailable || took > longest {
							t.Errorf("%s: %d %s after %v", request, a.Status, a.Body, took)
						}
					})
				}
			}
			begun := time.Now()
			ready := server.NewClient(t).Get("/readyz").WantError(http.StatusServiceUnavailable, "not_ready")
			if took := time.Since(begun); ready.Envelope().Errors["database"] == "" || took > 6*time.Second {
				t.Errorf("%s after %v", ready.Body, took)
			}
			asking.Wait()
			t.Logf("300 requests were refused within %v", time.Since(begun))

			proxy.Recover()
			recovered := time.Now()
			for server.NewClient(t).Get("/readyz").Status != http.StatusOK {
				if time.Since(recovered) > soon {
					t.Fatal("it does not recover")
				}
			}
			ada.Rename("Ada").Want(http.StatusOK)
			ada.Get("/api/user").Want(http.StatusOK)
			server.Login(t, "ada@example.com")
			t.Logf("all well %v after the network was back", time.Since(recovered))
			for n := waiting(t); n > 10; n = waiting(t) { // background jobs have some
				if time.Since(recovered) > soon {
					t.Fatalf("%d goroutines still wait for the database", n)
				}
			}
		})
	}
}
