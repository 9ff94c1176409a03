// Package s3 runs a real S3 server for tests. Tests of a program share one server; each gets a
// bucket of its own.
package s3

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit/need"
	"github.com/cardea-accounts/cardea/internal/testkit/versitygw"
)

// Credentials of the server. They are in the environment of the tests from the first [New] on.
const (
	AccessKey = "cardea"
	SecretKey = "cardea-secret"
	Region    = "us-east-1"
)

// Scratch is a folder of the server in each bucket, which is no object.
const Scratch = ".sgwtmp"

// Everywhere reports whether the tests keep all pictures in S3, not in a folder: with
// CARDEA_TEST_STORAGE=s3 in the environment.
func Everywhere() bool { return os.Getenv("CARDEA_TEST_STORAGE") == "s3" }

// Bucket is an empty bucket of the server.
type Bucket struct {
	Name     string
	Endpoint string // http://127.0.0.1:port
	Folder   string // where its objects are files
}

// Storage is the setting storage for the bucket, with further parameters such as redirect=true.
func (b Bucket) Storage(parameters ...string) string { return b.At(b.Endpoint, parameters...) }

// At is the setting storage for the bucket at another endpoint, such as that of a [Proxy].
func (b Bucket) At(endpoint string, parameters ...string) string {
	return "s3://" + b.Name + "?" + strings.Join(append([]string{"endpoint=" + endpoint, "region=" + Region}, parameters...), "&")
}

// New makes a bucket that lasts until the test ends. Without the server the test is skipped
// or fails, as [need.Missing] says.
func New(t testing.TB) Bucket {
	t.Helper()
	return Over(t, filepath.Join(t.TempDir(), "bucket"))
}

// Over makes a bucket whose objects are the files of a folder, which is made if it is missing.
// It lasts until the test ends. The test is skipped or fails like that of [New].
func Over(t testing.TB, folder string) Bucket {
	t.Helper()
	s := hold(t)
	name, err := s.Bucket(folder)
	if err != nil {
		t.Fatal(err)
	}
	return Bucket{Name: name, Endpoint: s.Endpoint, Folder: folder}
}

// shared is the server that runs, and how many tests need it.
var shared struct {
	mu      sync.Mutex
	running *versitygw.Server
	holders int
}

// hold returns the server and keeps it until the test ends. The last test stops it.
func hold(t testing.TB) *versitygw.Server {
	t.Helper()
	program, err := versitygw.Build()
	if err != nil {
		need.Missing(t, "s3", err.Error(), "go tool -modfile=tools/go.mod versitygw has to build")
	}
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.running == nil {
		if shared.running, err = start(program); err != nil {
			t.Fatalf("versitygw does not start: %v", err)
		}
	}
	shared.holders++
	t.Cleanup(func() {
		shared.mu.Lock()
		defer shared.mu.Unlock()
		if shared.holders--; shared.holders == 0 {
			shared.running.Stop()
			shared.running = nil
		}
	})
	return shared.running
}

// start runs the server, and gives the tests its credentials.
func start(program string) (*versitygw.Server, error) {
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": AccessKey, "AWS_SECRET_ACCESS_KEY": SecretKey} {
		if err := os.Setenv(name, value); err != nil {
			return nil, err
		}
	}
	return versitygw.Start(program, AccessKey, SecretKey)
}

// Remove takes the bucket from the server. Its folder stays.
func (b Bucket) Remove(t testing.TB) {
	t.Helper()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if err := shared.running.Remove(b.Name); err != nil {
		t.Fatal(err)
	}
}
