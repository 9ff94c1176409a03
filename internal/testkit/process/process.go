// Package process runs servers for tests, such as PostgreSQL. A server and its folder never
// outlive the test program, not even one that is killed: a shell watches a pipe, which the system
// closes together with the test program. PostgreSQL refuses to run as root, so root runs servers
// as the user nobody.
package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// patience bounds the start and the end of a server. Both take less than a second, or many on a
// busy machine.
const patience = time.Minute

// watched runs a program in place of the shell, so that the pid and the exit status are those of
// the program. The watcher is a process that the shell does not wait for. It gets a line when the
// program has ended. If it gets the end of the file instead, the test program has ended, and it
// sends the signal $1 to the program.
const watched = `signal=$1; shift; exec 3<&0
( { read -r _ <&3 || kill -s "$signal" $$; } >/dev/null 2>&1 & )
exec "$@" 3<&- </dev/null`

// Program says how to run a server.
type Program struct {
	Path    string
	Args    []string
	Folder  string                      // its working folder, which also gets its output, as the file log
	AtEnd   string                      // the signal it gets if the test program ends, such as QUIT
	IsReady func(context.Context) error // nil as soon as the server answers
}

// Process is a server that runs.
type Process struct {
	Program
	command *exec.Cmd
	ended   chan struct{} // closed after the end
}

// Start runs a server, and returns when it is ready. If the server ends instead, the error has
// what it said.
func Start(program Program) (*Process, error) {
	p := &Process{Program: program, ended: make(chan struct{})}
	log, err := os.OpenFile(p.log(), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close() //nolint:errcheck // the server writes it
	p.command = Command(context.Background(), p.Folder, "sh", append([]string{"-c", watched, "sh", p.AtEnd, p.Path}, p.Args...)...)
	p.command.Stdout, p.command.Stderr = log, log
	lastWord, err := startApart(p.command)
	if err != nil {
		return nil, err
	}
	go func() {
		_ = p.command.Wait() // the log says more
		lastWord()
		close(p.ended)
	}()
	if err := p.awaitReady(); err != nil {
		said := p.Log()
		return nil, errors.Join(fmt.Errorf("%s: %w; it said: %s", filepath.Base(p.Path), err, said), p.Stop(syscall.SIGKILL))
	}
	return p, nil
}

func (p *Process) awaitReady() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := p.IsReady(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return errors.New("it ended")
		case <-ctx.Done():
			return fmt.Errorf("not ready within %v: %w", patience, err)
		case <-tick.C:
		}
	}
}

// Stop sends a signal to the server and waits for its end. A server that does not end within a
// minute is killed, which is an error. After the end, Stop does nothing.
func (p *Process) Stop(signal os.Signal) error {
	if err := p.command.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(patience):
		_ = p.command.Process.Kill() // it may end just now
		<-p.ended
		return fmt.Errorf("%s did not end within %v of the signal: %v", filepath.Base(p.Path), patience, signal)
	}
}

// Pid is the server's.
func (p *Process) Pid() int { return p.command.Process.Pid }

// Log is what the server has said since its start.
func (p *Process) Log() string {
	text, _ := os.ReadFile(p.log()) // nothing is said of a log that is gone
	return string(text)
}

func (p *Process) log() string { return filepath.Join(p.Folder, "log") }

// Command is a program that runs once, as the same user as servers. The folder is its working
// folder and its home.
func Command(ctx context.Context, folder, path string, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, path, args...) //nolint:gosec // of this machine
	command.Dir, command.Env = folder, append(os.Environ(), "HOME="+folder)
	asOrdinaryUser(command)
	return command
}

// startApart starts a command in a session of its own, which no signal of a terminal reaches.
// The standard input of the command ends together with the test program. Call lastWord to send a
// line first and end the input before.
func startApart(command *exec.Cmd) (lastWord func(), err error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close() //nolint:errcheck // the command has it
	command.Stdin = read
	apart(command)
	if err := command.Start(); err != nil {
		return nil, errors.Join(err, write.Close())
	}
	return sync.OnceFunc(func() {
		_, _ = write.WriteString("\n") // nobody listens if it was killed
		_ = write.Close()
	}), nil
}
