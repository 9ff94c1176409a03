package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
)

// client sends prepared requests over one connection, one after the other.
type client struct {
	address string
	conn    net.Conn
	reader  *bufio.Reader
}

// answer is a response with its whole body.
type answer struct {
	*http.Response
	body []byte
}

func dial(ctx context.Context, address string) (*client, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &client{address, conn, bufio.NewReader(conn)}, nil
}

func (c *client) close() { _ = c.conn.Close() }

// send sends a request and returns the answer with any status.
func (c *client) send(request []byte) (answer, error) {
	if _, err := c.conn.Write(request); err != nil {
		return answer{}, err
	}
	method, _, _ := bytes.Cut(request, []byte(" "))
	res, err := http.ReadResponse(c.reader, &http.Request{Method: string(method)})
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return answer{res, body}, err
}

// do is like send but returns an error unless the status is 2xx.
func (c *client) do(request []byte) (answer, error) {
	a, err := c.send(request)
	if err == nil && (a.StatusCode < 200 || a.StatusCode > 299) {
		line, _, _ := bytes.Cut(request, []byte("\r\n"))
		err = fmt.Errorf("%s was answered with %s: %s", line, a.Status, a.body)
	}
	return a, err
}
