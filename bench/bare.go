package main

import (
	"bytes"
	"context"
	"errors"
	"net/http/httputil"
	"os"
	"os/exec"
	"path/filepath"
)

// bare is the server in the folder bare. It writes one of Cardea's answers.
type bare struct{ binary string }

func (b bare) Name() string         { return "bare handler" }
func (b bare) Health() string       { return "/" }
func (b bare) Read(user int) []byte { return cardea{}.Read(user) }

func (b bare) Command(dir, address string) *exec.Cmd {
	return exec.Command(b.binary, address, filepath.Join(dir, "answer")) //nolint:gosec,noctx // the binary built here; stopped by server.stop
}

// startBare starts a bare handler with the answer that Cardea gives the first user.
func (b *bench) startBare(ctx context.Context, s *server, dir string) (*server, error) {
	c, err := dial(ctx, s.address)
	if err != nil {
		return nil, err
	}
	defer c.close()
	a, err := c.do(b.cardea.Read(0))
	if err != nil {
		return nil, err
	}
	head, err := httputil.DumpResponse(a.Response, false)
	if err != nil {
		return nil, err
	}
	if !bytes.Contains(a.body, []byte(email(0))) {
		return nil, errors.New("Cardea did not answer with the signed-in user: " + string(a.body))
	}
	if err := os.WriteFile(filepath.Join(dir, "answer"), append(head, a.body...), 0o600); err != nil {
		return nil, err
	}
	return start(ctx, b.bare, dir)
}
