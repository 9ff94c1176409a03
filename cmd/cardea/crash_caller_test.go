package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// How TestCrash calls a server that may be killed before it answers.

// errNoAnswer means that the server was killed before it answered, or before the request.
var errNoAnswer = errors.New("no answer")

// caller sends requests to a server that may be killed at any moment.
type caller struct {
	ctx context.Context
	url string
}

type request struct {
	method, path string
	token        string // of a session; empty: none
	contentType  string
	body         []byte
}

func jsonRequest(method, path, token string, body any) request {
	data, err := json.Marshal(body)
	if err != nil {
		panic(err) // the test made the body itself
	}
	return request{method, path, token, "application/json", data}
}

// reply is a complete answer. JSON is decoded.
type reply struct {
	status int
	token  string // of the session that the answer begins; empty: none
	body   []byte
	testkit.Envelope
}

var crashTransport = &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: crashWorkers}

// send returns the answer if it has one of the statuses. Error: errNoAnswer if it did not
// arrive completely.
func (c caller) send(r request, statuses ...int) (reply, error) {
	req, err := http.NewRequestWithContext(c.ctx, r.method, c.url+r.path, bytes.NewReader(r.body))
	if err != nil {
		return reply{}, err
	}
	if r.contentType != "" {
		req.Header.Set("Content-Type", r.contentType)
	}
	if r.token != "" {
		req.Header.Set("Cookie", "session="+r.token)
	}
	answer, err := roundTrip(crashTransport, req)
	if err != nil {
		return reply{}, fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	if !slices.Contains(statuses, answer.status) {
		return reply{}, fmt.Errorf("%s %s: status %d, want %v; body %.500q", r.method, r.path, answer.status, statuses, answer.body)
	}
	return answer, nil
}

func roundTrip(transport *http.Transport, r *http.Request) (reply, error) {
	res, err := transport.RoundTrip(r)
	if err != nil {
		return reply{}, fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	defer res.Body.Close()
	answer := reply{status: res.StatusCode}
	if answer.body, err = io.ReadAll(res.Body); err != nil {
		return reply{}, fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	for _, cookie := range res.Cookies() {
		if cookie.Name == "session" {
			answer.token = cookie.Value
		}
	}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		err = json.Unmarshal(answer.body, &answer.Envelope)
	}
	return answer, err
}

func (c caller) get(token, path string, status int) (reply, error) {
	return c.send(request{method: "GET", path: path, token: token}, status)
}

// login returns the token of a new session. It is empty if the credentials are refused.
func (c caller) login(email, password string) (token string, err error) {
	r := jsonRequest("POST", "/api/login", "", testkit.Credentials(email, password))
	answer, err := c.send(r, http.StatusOK, http.StatusUnauthorized)
	return answer.token, err
}

func (c caller) logout(token string) error {
	_, err := c.send(request{method: "POST", path: "/api/logout", token: token}, http.StatusOK)
	return err
}
