package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// server is a running process that answers.
type server struct {
	name    string
	address string
	started time.Duration // from the start of the process to the first answer
	cmd     *exec.Cmd
	log     string
}

// patience is how long a server may take to start, to become idle and to stop.
const patience = 20 * time.Second

// start runs a target on a folder and returns when it has answered.
func start(ctx context.Context, t target, dir string) (*server, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "server.log"))
	if err != nil {
		return nil, err
	}
	defer log.Close() //nolint:errcheck // the process has its own
	cmd := t.Command(dir, address)
	cmd.Stdout, cmd.Stderr = log, log
	s := &server{name: t.Name(), address: address, cmd: cmd, log: log.Name()}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	for time.Since(began) < patience && ctx.Err() == nil {
		if c, err := dial(ctx, address); err == nil {
			_, err := c.send(get(t.Health(), ""))
			c.close()
			if err == nil {
				s.started = time.Since(began)
				return s, nil
			}
		}
		time.Sleep(time.Millisecond)
	}
	s.stop()
	return nil, s.failed(errors.New("it does not answer"))
}

func freeAddress(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// lastWrote stands between an error and what the server said of it.
const lastWrote = "; it last wrote: "

// failed adds what the server last wrote to an error.
func (s *server) failed(err error) error {
	text, _ := os.ReadFile(s.log)
	if len(text) > 1000 {
		text = text[len(text)-1000:]
	}
	return fmt.Errorf("%s: %w%s%s", s.name, err, lastWrote, bytes.TrimSpace(text))
}

// stop ends the process and waits for that. An interrupt, because gunicorn takes
// its time over SIGTERM.
func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGINT)
	kill := time.AfterFunc(patience, func() { _ = s.cmd.Process.Kill() })
	defer kill.Stop()
	_ = s.cmd.Wait() // it was asked to end; how is no part of the measurement
}

// settle waits until the server has done what it was asked for: hashes go on for
// clients that have gone, and would count against whoever is measured next.
func (s *server) settle() {
	const window = 200 * time.Millisecond
	for began := time.Now(); time.Since(began) < patience; {
		before := cpuTime(s.cmd.Process.Pid)
		time.Sleep(window)
		if cpuTime(s.cmd.Process.Pid)-before <= tick {
			return
		}
	}
}

func stopAll(servers []*server) {
	for _, s := range servers {
		s.stop()
	}
}
