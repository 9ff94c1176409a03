// Package pgwire is a proxy in front of a PostgreSQL server for tests. It records what a client
// sends, as a list of round trips.
package pgwire

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"slices"
	"sync"
	"testing"
)

// Trip is a round trip: what the client sent before it waited for an answer.
type Trip struct {
	// Statements are those that ran. The trip only prepared some if there is none.
	Statements []string
}

// Recorder is the proxy.
type Recorder struct {
	server   string
	listener net.Listener
	running  sync.WaitGroup

	mu      sync.Mutex
	trips   []Trip
	open    []net.Conn
	isEnded bool
}

// Start starts a proxy in front of the server at an address, such as postgres://role@host:port/name,
// and returns the address through it. It ends together with the test.
func Start(t testing.TB, address string) (through string, _ *Recorder) {
	t.Helper()
	at, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	r := &Recorder{server: at.Host}
	if r.listener, err = new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	r.running.Go(r.accept)
	t.Cleanup(r.end)
	at.Host = r.listener.Addr().String()
	return at.String(), r
}

// Take returns the trips since the last call.
func (r *Recorder) Take() []Trip {
	r.mu.Lock()
	defer r.mu.Unlock()
	trips := r.trips
	r.trips = nil
	return trips
}

func (r *Recorder) end() {
	r.mu.Lock()
	r.isEnded = true
	for _, conn := range r.open {
		_ = conn.Close() // the test has ended
	}
	r.mu.Unlock()
	_ = r.listener.Close()
	r.running.Wait()
}

func (r *Recorder) accept() {
	for {
		client, err := r.listener.Accept()
		if err != nil {
			return
		}
		server, err := new(net.Dialer).DialContext(context.Background(), "tcp", r.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		r.mu.Lock()
		r.open = append(r.open, client, server)
		if r.isEnded {
			_, _ = client.Close(), server.Close()
		}
		r.mu.Unlock()
		r.running.Go(func() {
			_, _ = io.Copy(client, server) // ends with the connection
			_ = client.Close()
		})
		r.running.Go(func() {
			_ = r.listen(io.TeeReader(client, server)) // as above
			_ = server.Close()
		})
	}
}

// listen reads the messages of a client
// (https://www.postgresql.org/docs/current/protocol-message-formats.html).
func (r *Recorder) listen(client io.Reader) error {
	if _, err := readBody(client); err != nil { // the first message has no type
		return err
	}
	var trip Trip
	var bound string
	prepared := map[string]string{}
	for {
		var kind [1]byte
		if _, err := io.ReadFull(client, kind[:]); err != nil {
			return err
		}
		body, err := readBody(client)
		if err != nil {
			return err
		}
		words := slices.Collect(strings0(body))
		switch kind[0] {
		case 'P': // parse: name, statement
			prepared[words[0]] = words[1]
		case 'B': // bind: portal, name
			bound = prepared[words[1]]
		case 'E': // execute
			trip.Statements = append(trip.Statements, bound)
		case 'Q': // query, with its sync
			trip.Statements = append(trip.Statements, words[0])
			fallthrough
		case 'S': // sync
			r.mu.Lock()
			r.trips = append(r.trips, trip)
			r.mu.Unlock()
			trip = Trip{}
		}
	}
}

// strings0 are the texts of a message, each of which ends with a NUL.
func strings0(body []byte) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for part := range bytes.SplitSeq(body, []byte{0}) {
			if !yield(string(part)) {
				return
			}
		}
	}
}

// readBody reads a length, which counts itself, and what follows.
func readBody(client io.Reader) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(client, length[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(length[:])
	if n < 4 || n > 1<<30 {
		return nil, errors.New("not a message of PostgreSQL")
	}
	body := make([]byte, n-4)
	_, err := io.ReadFull(client, body)
	return body, err
}
