package main

import (
	"os"
	"os/exec"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// A server whose log nobody reads any more continues without it.
func TestReaderOfTheLogGoesAway(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: exec.CommandContext(t.Context(), binary, serveCommand(t, t.TempDir(), "--log", "all").Args[1:]...), ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.Env = &p.stdout, w, append(foreignEnvironment(), cheap...)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { defer close(p.ended); _ = p.cmd.Wait() }()
	t.Cleanup(p.cleanUp)
	s := awaitServer(p)
	_, _ = w.Close(), r.Close()
	for range 3 {
		s.client().Post("/api/register", testkit.Registration("Ada", "", "simplepass")).Want(400)
		s.client().Get("/healthz").Want(200)
	}
	s.stop()
}
