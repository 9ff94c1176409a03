package outage

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/postgres"
	"github.com/cardea-accounts/cardea/internal/token"
)

// serve serves on a listener with the timeouts of the command, which testkit.Start does not have. It
// returns the URL.
func serve(t *testing.T, server *testkit.Server) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return "http://" + listener.Addr().String()
}

// While a network lets nothing pass, each request gets an answer before the server's write timeout.
func TestRequestsToAFrozenDatabaseAreAnswered(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	proxy, address := through(t, postgres.Database(t))
	server := testkit.Start(t, at(address))
	url := serve(t, server)
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
