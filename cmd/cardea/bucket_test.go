package main

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
	testpostgres "github.com/cardea-accounts/cardea/internal/testkit/postgres"
	"github.com/cardea-accounts/cardea/internal/testkit/s3"
)

// Pictures in a bucket are backed up and restored to another bucket, and checked, as in a folder.
func TestCommandsOnABucket(t *testing.T) {
	t.Parallel()
	bucket, data := s3.New(t), t.TempDir()
	here := []string{"--storage", bucket.Storage()}
	s := serve(t, data, cheap, here...)
	ann := s.client()
	ann.Post("/api/register", testkit.Registration("Ann", "ann@example.com", "simplepass")).Want(http.StatusCreated)
	picture := ann.Upload("face.png", testkit.PNG(20, 20)).Want(http.StatusOK).PicturePath()
	s.stop()
	file := filepath.Join(t.TempDir(), "backup.tar")
	runOn(t, data, "", append([]string{"backup", file}, here...)...).wantDone("1 picture")

	other := s3.New(t)
	there, restored := []string{"--storage", strings.Replace(other.Storage(), "?", "/restored?", 1)}, filepath.Join(t.TempDir(), "new")
	used := runOn(t, restored, "", append([]string{"restore", file}, here...)...)
	used.wantEnd(exitFailed, "s3://"+bucket.Name+" is not empty", "nothing was changed")
	runOn(t, restored, "", append([]string{"restore", file}, there...)...).wantDone("1 picture", "--storage '"+there[1]+"'")
	runOn(t, restored, "", append([]string{"check"}, there...)...).wantDone("1 picture")
	second := serve(t, restored, cheap, there...)
	second.client().Get(picture).Want(http.StatusOK)
	second.stop()

	other.Remove(t)
	runOn(t, restored, "", append([]string{"user", "list"}, there...)...).wantEnd(exitFailed, "there is no bucket "+other.Name)
	gone := serveCommand(t, restored, there...)
	gone.Dir = t.TempDir()
	if p := launch(t, gone, cheap...); p.wait() == exitOK || !strings.Contains(p.stderr.String(), "there is no bucket "+other.Name) {
		t.Errorf("it started without its bucket: %s", &p.stderr)
	}
	back := s3.Over(t, other.Folder)
	there[1] = strings.Replace(there[1], other.Name, back.Name, 1)

	writeFile(t, filepath.Join(filepath.Dir(objectsIn(t, other)[0]), "xxnobodys"), []byte("x")) // in the wrong folder
	writeFile(t, filepath.Join(other.Folder, "restored", "notes.txt"), []byte("x"))
	found := runOn(t, restored, "", append([]string{"check", "--json"}, there...)...).stdout.String()
	for _, word := range []string{"xxnobodys", "notes.txt", `"problems":2`} {
		if !strings.Contains(found, word) {
			t.Errorf("check does not say %q: %s", word, found)
		}
	}
}

// A backup or an export that is killed leaves a copy of the database, which the next one removes.
func TestBackupKilled(t *testing.T) {
	t.Parallel()
	bucket, data := s3.New(t), t.TempDir()
	proxy := s3.NewProxy(t, bucket.Endpoint)
	there := []string{"--storage", bucket.At(proxy.URL)}
	s := serve(t, data, cheap, there...)
	ann := s.client()
	ann.Post("/api/register", testkit.Registration("Ann", "ann@example.com", "simplepass")).Want(http.StatusCreated)
	ann.Upload("face.png", testkit.PNG(20, 20)).Want(http.StatusOK)
	s.stop()
	picture := filepath.Base(objectsIn(t, bucket)[0])
	for _, command := range []string{"backup", "export"} {
		folder := t.TempDir()
		run := append([]string{command, filepath.Join(folder, "file.tar")}, there...)
		stalled := make(chan struct{})
		var once sync.Once
		proxy.FailIf(func(r *http.Request) s3.Fault {
			if strings.HasSuffix(r.URL.Path, picture) {
				once.Do(func() { close(stalled) })
				return s3.Stall
			}
			return s3.None
		})
		cmd := exec.CommandContext(t.Context(), binary, append(run, "--data", data)...)
		process := launch(t, cmd)
		select {
		case <-stalled:
		case <-process.ended:
			t.Fatalf("%s ended: %s", command, &process.stderr)
		}
		process.kill()
		proxy.Fail(s3.None)
		if left := filesIn(t, folder); !slices.ContainsFunc(left, func(file string) bool { return filepath.Base(file) == "cardea.db" }) {
			t.Errorf("%s was killed too late: %v", command, left)
		}
		runOn(t, data, "", run...).wantDone("1 picture")
		if left, err := os.ReadDir(folder); err != nil || len(left) != 1 {
			t.Errorf("%s left %v, %v", command, left, err)
		}
	}
}

// A restore that fails leaves the bucket empty.
func TestRestoreToABucketIsAllOrNothing(t *testing.T) {
	t.Parallel()
	bucket, data := s3.New(t), withPicture(t)
	file := filepath.Join(t.TempDir(), "backup.tar")
	runOn(t, data, "", "backup", file).wantDone()
	whole := readFile(t, file)
	cut := writeFile(t, filepath.Join(t.TempDir(), "cut.tar"), whole[:len(whole)-2048])
	proxy := s3.NewProxy(t, bucket.Endpoint)
	restored := filepath.Join(t.TempDir(), "new")
	runOn(t, restored, "", "restore", cut, "--storage", bucket.At(proxy.URL)).wantEnd(exitFailed, "")
	proxy.FailIf(func(r *http.Request) s3.Fault {
		if r.Method == http.MethodPut && !strings.Contains(r.URL.Path, "check") {
			return s3.LoseAnswer
		}
		return s3.None
	})
	runOn(t, restored, "", "restore", file, "--storage", bucket.At(proxy.URL)).wantEnd(exitFailed, "")
	proxy.Fail(s3.None)
	if left := objectsIn(t, bucket); len(left) != 0 {
		t.Errorf("left: %q", left)
	}
	runOn(t, restored, "", "restore", file, "--storage", bucket.At(proxy.URL)).wantDone("1 picture")
}

// A restore that is killed leaves a database and a bucket that servers and commands refuse. The same
// restore to an emptied data folder removes what is left of it.
func TestRestoreToServersKilled(t *testing.T) {
	t.Parallel()
	bucket, data := s3.New(t), withPicture(t)
	file := filepath.Join(t.TempDir(), "backup.tar")
	runOn(t, data, "", "backup", file).wantDone()
	proxy := s3.NewProxy(t, bucket.Endpoint)
	there := []string{"--database", testpostgres.Database(t), "--storage", bucket.At(proxy.URL)}
	stalled := make(chan struct{})
	var once sync.Once
	proxy.FailIf(func(r *http.Request) s3.Fault {
		if r.Method == http.MethodDelete && len(objectsIn(t, bucket)) > 1 { // the mark is removed last
			once.Do(func() { close(stalled) })
			return s3.Stall
		}
		return s3.None
	})
	restored := t.TempDir()
	restore := launch(t, exec.CommandContext(t.Context(), binary, append([]string{"restore", file, "--data", restored}, there...)...))
	select {
	case <-stalled:
	case <-restore.ended:
		t.Fatalf("it ended: %s", &restore.stderr)
	}
	restore.kill()
	proxy.Fail(s3.None)

	other := t.TempDir()
	serveOnce(t, other, there...).wantEnd(exitFailed, "a move or restore to this database", "was cut off", "from a backup", "run the same move or restore again")
	runOn(t, other, "", append([]string{"check"}, there...)...).wantEnd(exitFailed, "was cut off", "run the same move or restore again")
	runOn(t, data, "", append([]string{"check"}, there[2:]...)...).wantEnd(exitFailed, "a move or restore of pictures to this storage", "run the same move or restore again")
	runOn(t, restored, "", append([]string{"restore", file}, there...)...).wantEnd(exitFailed, "empty the folder and restore again")
	if err := os.RemoveAll(restored); err != nil {
		t.Fatal(err)
	}
	runOn(t, restored, "", append([]string{"restore", file}, there...)...).wantDone("1 picture")
	runOn(t, restored, "", append([]string{"check"}, there...)...).wantDone("All is well")
}

func objectsIn(t *testing.T, bucket s3.Bucket) (files []string) {
	t.Helper()
	for _, file := range filesIn(t, bucket.Folder) {
		if !strings.Contains(file, s3.Scratch) {
			files = append(files, file)
		}
	}
	return files
}

// What an operator has to set right stops the start with one line that says what to do.
func TestBucketThatIsNotSetUp(t *testing.T) {
	t.Parallel()
	bucket := s3.New(t)
	for name, c := range map[string]struct {
		storage string
		env     []string
		words   []string
	}{
		"no bucket":         {strings.Replace(bucket.Storage(), bucket.Name, "no-such-bucket", 1), nil, []string{"there is no bucket no-such-bucket", "create it"}},
		"an unknown key":    {bucket.Storage(), []string{"AWS_ACCESS_KEY_ID=unknown"}, []string{"does not know the access key"}},
		"a wrong secret":    {bucket.Storage(), []string{"AWS_SECRET_ACCESS_KEY=hunter2"}, []string{"refuses the signature", "AWS_SECRET_ACCESS_KEY"}},
		"no credentials":    {bucket.Storage(), []string{"AWS_SECRET_ACCESS_KEY=", "AWS_EC2_METADATA_DISABLED=true", "HOME=/nowhere"}, []string{"no credentials", "AWS_ACCESS_KEY_ID"}},
		"a wrong region":    {strings.Replace(bucket.Storage(), s3.Region, "eu-central-1", 1), nil, []string{"region"}},
		"no TLS":            {strings.Replace(bucket.Storage(), "http://", "https://", 1), nil, []string{"no secure connection", "endpoint"}},
		"no such host":      {bucket.At("https://s3.invalid"), nil, []string{"s3.invalid"}},
		"an unknown scheme": {"gs://bucket", nil, []string{"s3://bucket/prefix"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := t.TempDir()
			cmd := serveCommand(t, data, "--storage", c.storage)
			cmd.Dir = t.TempDir()
			p := launch(t, cmd, c.env...)
			if code := p.wait(); code == exitOK {
				t.Error("it started")
			}
			if left, err := os.ReadDir(data); len(left) > 0 || err != nil { // a backup can be restored here
				t.Errorf("it left %v, %v", left, err)
			}
			said := strings.TrimSpace(p.stderr.String())
			for _, word := range c.words {
				if !strings.Contains(said, word) {
					t.Errorf("it does not say %q: %s", word, said)
				}
			}
			if strings.Contains(said, "\n") || strings.Contains(said, "hunter2") || strings.Contains(said, s3.SecretKey) {
				t.Errorf("it says: %s", said)
			}
		})
	}
}
