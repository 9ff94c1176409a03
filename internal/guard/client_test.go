package guard_test

import (
	"net/netip"
	"testing"

	"github.com/cardea-accounts/cardea/internal/guard"
)

// Clients of one wide network share a flow with a larger share. Flows of different kinds
// are different.
func TestFlows(t *testing.T) {
	a := guard.Flows(guard.Client{IP: netip.MustParseAddr("2001:db8:1:201::1")}, "login", "ada")
	b := guard.Flows(guard.Client{IP: netip.MustParseAddr("2001:db8:1:202::1")}, "login", "bob")
	c := guard.Flows(guard.Client{IP: netip.MustParseAddr("2001:db8:1:201::1")}, "upload", "ada")
	for i, share := range []int{1, 2, 4, 0} {
		if isShared := a[i] == b[i]; a[i].Share != share || isShared != (share > 1) || a[i] == c[i] {
			t.Errorf("flow %d: %v, %v and %v", i, a[i], b[i], c[i])
		}
	}
	if flows := guard.Flows(guard.Client{}, "login", ""); len(flows) != 1 {
		t.Errorf("without a name and an address: %v", flows)
	}
}

// Records show the whole address. An operator's command has none.
func TestAddress(t *testing.T) {
	if got := (guard.Client{IP: netip.MustParseAddr("2001:db8::1")}).Address(); got != "2001:db8::1" {
		t.Errorf("got %s", got)
	}
	if got := (guard.Client{}).Address(); got != "" {
		t.Errorf("a command has the address %s", got)
	}
}
