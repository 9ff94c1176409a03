package process

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports of servers are below those that systems give to clients, which begin at 32768 on Linux.
// So no client gets the port of a server that is just restarting.
const firstPort, ports = 20000, 10000

// FreePort finds a port of 127.0.0.1 on which nothing listens.
func FreePort() (int, error) {
	var lastErr error
	for range 100 {
		port := firstPort + rand.IntN(ports) //nolint:gosec // no secret
		l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return port, l.Close()
		}
		lastErr = err
	}
	return 0, fmt.Errorf("100 ports are taken: %w", lastErr)
}
