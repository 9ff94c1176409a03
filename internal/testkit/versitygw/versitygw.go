// Package versitygw runs an S3 server over a temporary folder, for tests and benchmarks: the
// release that tools/go.mod pins.
package versitygw

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit/process"
)

// patience bounds the start of the server, which takes a tenth of a second once it is built.
const patience = time.Minute

// Build returns the path of the server's program. The first build of a machine takes minutes,
// later ones are in Go's cache.
var Build = sync.OnceValues(func() (string, error) {
	modules, err := toolsModule()
	if err != nil {
		return "", err
	}
	var problem bytes.Buffer
	command := exec.CommandContext(context.Background(), "go", "tool", "-modfile="+modules, "-n", "versitygw") //nolint:gosec // of this repository
	command.Dir, command.Stderr = filepath.Dir(filepath.Dir(modules)), &problem
	path, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("versitygw cannot be built: %w: %s", err, bytes.TrimSpace(problem.Bytes()))
	}
	return strings.TrimSpace(string(path)), nil
})

// toolsModule finds tools/go.mod above the working folder.
func toolsModule() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		path := filepath.Join(folder, "tools", "go.mod")
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
		above := filepath.Dir(folder)
		if above == folder {
			return "", errors.New("there is no tools/go.mod")
		}
		folder = above
	}
}

// Server is a server that runs.
type Server struct {
	Endpoint string // http://127.0.0.1:port

	root    string
	command *exec.Cmd
	output  bytes.Buffer
	ended   chan struct{}
	buckets atomic.Int64
}

// Start runs a server with the credentials, and returns when it answers. On Linux, the server
// ends with this program, even if that is killed.
func Start(program, accessKey, secretKey string) (*Server, error) {
	var errs error
	for range 3 { // another program may take the port first
		port, err := process.FreePort()
		if err != nil {
			return nil, err
		}
		s, err := start(program, port, accessKey, secretKey)
		if err == nil {
			return s, nil
		}
		errs = errors.Join(errs, err)
	}
	return nil, errs
}

func start(program string, port int, accessKey, secretKey string) (_ *Server, err error) {
	s := &Server{ended: make(chan struct{})}
	if s.root, err = os.MkdirTemp("", "cardea-s3-"); err != nil {
		return nil, err
	}
	address, health := net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), "/health-"+rand.Text()
	s.Endpoint = "http://" + address
	s.command = exec.CommandContext(context.Background(), program, "--port", address, "--health", health, "--keep-alive", "--quiet", "posix", "--bucketlinks", s.root) //nolint:gosec // as built
	s.command.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+accessKey, "ROOT_SECRET_KEY="+secretKey)
	s.command.Stdout, s.command.Stderr = &s.output, &s.output
	endWithParent(s.command)
	started := make(chan error)
	go s.run(started)
	if err := <-started; err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.root))
	}
	if err := s.await(health); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

// Bucket makes a bucket whose objects are the files of a folder, which is made if it is missing.
func (s *Server) Bucket(folder string) (name string, err error) {
	name = fmt.Sprintf("bucket-%d", s.buckets.Add(1))
	return name, errors.Join(os.MkdirAll(folder, 0o700), os.Symlink(folder, filepath.Join(s.root, name)))
}

// Remove takes a bucket from the server. Its folder stays.
func (s *Server) Remove(bucket string) error { return os.Remove(filepath.Join(s.root, bucket)) }

// Stop ends the server and removes its folder, but not the folders of buckets.
func (s *Server) Stop() {
	_ = s.command.Process.Kill()
	<-s.ended
	_ = os.RemoveAll(s.root)
}

// await waits until this server answers. Another server on the same port does not know the path.
func (s *Server) await(health string) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(patience); ; {
		request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, s.Endpoint+health, http.NoBody)
		if err != nil {
			return err
		}
		if answer, err := http.DefaultClient.Do(request); err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-s.ended:
			return errors.New(s.output.String())
		case <-deadline:
			return fmt.Errorf("not ready within %v", patience)
		}
	}
}

// run starts the server and waits for its end, on a thread of its own: Linux ends the server
// with that thread.
func (s *Server) run(started chan<- error) {
	lockThread()
	err := s.command.Start()
	started <- err
	if err == nil {
		_ = s.command.Wait() // it was told to end
	}
	close(s.ended)
}
