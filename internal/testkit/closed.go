package testkit

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
)

// given has the addresses that ClosedAddress has returned.
var given sync.Map

// ClosedAddress returns an address of this machine where nobody listens, each time another. Its
// port is below those that systems give out by themselves: 32768 and up on Linux, 49152 and up by
// RFC 6335. So no other test gets it before it is used.
func ClosedAddress(t testing.TB) string {
	t.Helper()
	for {
		address := fmt.Sprintf("127.0.0.1:%d", 10000+rand.IntN(22000)) //nolint:gosec // anybody may guess it
		if _, taken := given.LoadOrStore(address, nil); taken {
			continue
		}
		listener, err := net.Listen("tcp", address) //nolint:noctx // it does not wait
		if err != nil {
			continue
		}
		_ = listener.Close()
		return address
	}
}
