package testkit

import (
	"context"
	"net"
	"testing"

	"github.com/cardea-accounts/cardea"
)

// Serve serves on a listener with the timeouts of the command, which [Start] does not have, until the
// test ends. It returns the listener's address.
func Serve(t testing.TB, server *cardea.Server) (address string) {
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
	return listener.Addr().String()
}
