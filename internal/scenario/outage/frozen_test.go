package outage

import (
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/postgres"
	"github.com/cardea-accounts/cardea/internal/token"
)

// While a network lets nothing pass, each request gets an answer before the server's write timeout.
func TestRequestsToAFrozenDatabaseAreAnswered(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	proxy, address := through(t, postgres.Database(t))
	server := testkit.Start(t, at(address))
	url := "http://" + testkit.Serve(t, server.Server)
	picture := "/uploads/" + server.Register(t, "ada@example.com").User().ID + "_face.png"
	proxy.Stall()
	var asking sync.WaitGroup
	for _, path := range []string{"/api/user", "/account", picture, "/api/sessions"} {
		asking.Go(func() {
			client := testkit.NewClient(t, url)
			client.Undocumented = true          // for the page
			client.Cookie = string(token.New()) // in no memory
			begun := time.Now()
			answer := client.Get(path)
			wait, _ := strconv.Atoi(answer.Header.Get("Retry-After"))
			if took := time.Since(begun); answer.Status != http.StatusServiceUnavailable || wait < 1 || took > 9*time.Second {
				t.Errorf("%s: %d after %v, Retry-After %d", path, answer.Status, took, wait)
			}
		})
	}
	asking.Wait()
	proxy.Recover()
}
