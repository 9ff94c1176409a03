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

// timeout is the limit for a server to start, to become idle and to stop.
const timeout = 20 * time.Second

// start starts a target with a data folder and returns after its first answer.
func start(ctx context.Context, t target, dir string) (*server, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "server.log"))
	if err != nil {
		return nil, err
	}
	defer log.Close() //nolint:errcheck // the process has its own descriptor
	cmd := t.Command(dir, address)
	cmd.Stdout, cmd.Stderr = log, log
	s := &server{name: t.Name(), address: address, cmd: cmd, log: log.Name()}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	for time.Since(began) < timeout && ctx.Err() == nil {
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

// lastWrote separates an error from the server's last output.
const lastWrote = "; it last wrote: "

// failed adds the server's last output to an error.
func (s *server) failed(err error) error {
	text, _ := os.ReadFile(s.log)
	if len(text) > 1000 {
		text = text[len(text)-1000:]
	}
	return fmt.Errorf("%s: %w%s%s", s.name, err, lastWrote, bytes.TrimSpace(text))
}

// stop stops the process and waits for it. It sends SIGINT because gunicorn is slow to
// stop on SIGTERM.
func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGINT)
	kill := time.AfterFunc(timeout, func() { _ = s.cmd.Process.Kill() })
	defer kill.Stop()
	_ = s.cmd.Wait() // the exit status does not matter
}

// settle waits until the server is idle. A server may still compute hashes for
// disconnected clients, which would slow the next measurement.
func (s *server) settle() {
	const window = 200 * time.Millisecond
	for began := time.Now(); time.Since(began) < timeout; {
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
