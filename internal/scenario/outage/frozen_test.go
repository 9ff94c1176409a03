package outage

import (
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/postgres"
	"github.com/cardea-accounts/cardea/internal/testkit/tcpproxy"
	"github.com/cardea-accounts/cardea/internal/token"
)

// While a network lets nothing pass, each request gets an answer before the server's write timeout.
func TestRequestsToAFrozenDatabaseAreAnswered(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	proxy, address := tcpproxy.Before(t, postgres.Database(t))
	server := testkit.Start(t, at(address))
	url := "http://" + testkit.Serve(t, server.Server)
	picture := "/uploads/" + server.Register(t, "ada@example.com").User().ID + "_face.png"
	proxy.Stall()
	for _, when := range []string{"at once", "when the server knows"} {
		var asking sync.WaitGroup
		for path, method := range map[string]string{"/api/user": "GET", "/account": "GET", picture: "GET", "/api/sessions": "GET", "/api/logout": "POST"} {
			asking.Go(func() {
				client := testkit.NewClient(t, url)
				client.Undocumented = true          // for the page
				client.Cookie = string(token.New()) // in no memory
				begun := time.Now()
				answer := client.Send(method, path, "", nil)
				wait, _ := strconv.Atoi(answer.Header.Get("Retry-After"))
				if took := time.Since(begun); answer.Status != http.StatusServiceUnavailable || wait < 1 || took > longest {
					t.Errorf("%s %s: %d after %v, Retry-After %d", path, when, answer.Status, took, wait)
				}
			})
		}
		asking.Wait()
	}
	proxy.Recover()
}
