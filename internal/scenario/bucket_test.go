package scenario

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/s3"
)

// inBucket keeps the pictures of a server at an address.
func inBucket(storage string) testkit.Option { return func(c *cardea.Config) { c.Storage = storage } }

// While the storage fails, uploads answer 503 in time, and pictures too. Users register, sign in
// and stay signed in. No user has a picture that is not there. Afterwards all is as before.
func TestStorageOutage(t *testing.T) {
	for name, fault := range map[string]s3.Fault{"stalls": s3.Stall, "cuts": s3.Cut, "is busy": s3.Busy} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if fault == s3.Stall {
				testkit.Long(t)
			}
			bucket := s3.New(t)
			proxy := s3.NewProxy(t, bucket.Endpoint)
			server := testkit.Start(t, inBucket(bucket.At(proxy.URL)))
			client := server.Register(t, "ada@example.com")
			picture := client.Upload("a.png", testkit.PNG(5, 5)).Want(200).PicturePath()
			proxy.Fail(fault)

			before := time.Now()
			refused := client.Upload("b.png", testkit.PNG(6, 6)).WantError(503, "unavailable")
			if took := time.Since(before); took > 11*time.Second || refused.Header.Get("Retry-After") == "" {
				t.Errorf("after %v, Retry-After %q", took, refused.Header.Get("Retry-After"))
			}
			client.Get(picture).WantError(503, "unavailable")
			before = time.Now()
			server.Register(t, "bob@example.com")
			server.Login(t, "ada@example.com").Get("/api/user").Want(200)
			if took := time.Since(before); took > 2*time.Second {
				t.Errorf("accounts took %v", took)
			}
			if says := client.Get("/readyz").WantError(503, "not_ready").Envelope().Errors; says["storage"] == "" || says["database"] != "" {
				t.Errorf("readiness says %v", says)
			}

			proxy.Fail(s3.None)
			client.Get("/readyz").Want(200)
			client.Get(picture).Want(200)
			client.Upload("b.png", testkit.PNG(6, 6)).Want(200)
		})
	}
}

// A bucket that is removed while the server runs is named as the reason. The log names the bucket.
func TestReadinessNamesTheMissingBucket(t *testing.T) {
	t.Parallel()
	bucket := s3.New(t)
	server := testkit.Start(t, inBucket(bucket.Storage()))
	client := server.Register(t, "ada@example.com")
	client.Get("/readyz").Want(200)
	bucket.Remove(t)
	if says := client.Get("/readyz").WantError(503, "not_ready").Envelope().Errors; says["storage"] != "has no such bucket; the log says more" {
		t.Errorf("readiness says %v", says)
	}
	server.Log.Await(t, "there is no bucket "+bucket.Name)
}

// A server starts while the storage fails, because users can do without pictures.
func TestStartDuringAnOutage(t *testing.T) {
	t.Parallel()
	bucket := s3.New(t)
	proxy := s3.NewProxy(t, bucket.Endpoint)
	data := t.TempDir()
	first := testkit.Start(t, testkit.On(data), inBucket(bucket.At(proxy.URL)))
	picture := first.Register(t, "ada@example.com").Upload("a.png", testkit.PNG(5, 5)).Want(200).PicturePath()
	first.Stop()

	proxy.Fail(s3.Busy)
	second := testkit.Start(t, testkit.On(data), inBucket(bucket.At(proxy.URL)))
	client := second.Login(t, "ada@example.com")
	client.Get(picture).WantError(503, "unavailable")
	if !strings.Contains(second.Log.String(), "picture storage cannot be reached") {
		t.Errorf("the log: %s", second.Log)
	}
	proxy.Fail(s3.None)
	client.Get(picture).Want(200)
}

// A storage that is full says so.
func TestFullBucket(t *testing.T) {
	t.Parallel()
	bucket := s3.New(t)
	proxy := s3.NewProxy(t, bucket.Endpoint)
	client := testkit.Start(t, inBucket(bucket.At(proxy.URL))).Register(t, "ada@example.com")
	proxy.FailIf(func(r *http.Request) s3.Fault {
		if r.Method == http.MethodPut {
			return s3.Full
		}
		return s3.None
	})
	client.Upload("a.png", testkit.PNG(5, 5)).WantError(507, "storage_full")
	if files := objects(t, bucket); len(files) != 0 {
		t.Errorf("left: %q", files)
	}
}

// objects lists the files of a bucket.
func objects(t *testing.T, bucket s3.Bucket) (files []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(bucket.Folder, "[a-z0-9]*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// With redirect=true a GET of a picture leads to a signed address of the storage, which serves the
// same picture as the server does without, with its type. Caches keep it shorter than it is valid.
func TestRedirectToTheStorage(t *testing.T) {
	t.Parallel()
	bucket, data := s3.New(t), t.TempDir()
	plain := testkit.Start(t, testkit.On(data), inBucket(bucket.Storage()))
	client := plain.Register(t, "ada@example.com")
	picture := client.Upload("a.jpg", testkit.EncodeJPEG(testkit.Quadrants(600, 600))).Want(200).PicturePath()
	addresses := []string{picture, client.Crops()[128], "/users/" + client.User().ID + "/avatar?size=64"}
	var pictures [][]byte
	for _, address := range addresses {
		pictures = append(pictures, client.Get(address).Want(200).Body)
	}
	plain.Stop()

	server := testkit.Start(t, testkit.On(data), inBucket(bucket.Storage("redirect=true")))
	client = server.Login(t, "ada@example.com")
	for i, address := range addresses {
		for range 2 { // the first time, the server looks at the file
			sent := client.Get(address).Want(302).WantHeaders(map[string]string{"Cache-Control": "private, max-age=60"})
			if contentType, body := get(t, sent.Header.Get("Location")); contentType != "image/jpeg" || !bytes.Equal(body, pictures[i]) {
				t.Errorf("%s: %s, %d bytes", address, contentType, len(body))
			}
		}
		client.Send("HEAD", address, "", nil).Want(200).WantHeaders(map[string]string{"Content-Type": "image/jpeg"}) // only GET is signed
	}
	client.Get("/users/nobody/avatar").Want(200)
	pages := server.NewClient(t)
	pages.Undocumented = true
	if csp := pages.Get("/login").Want(200).Header.Get("Content-Security-Policy"); !strings.Contains(csp, "img-src 'self' "+bucket.Endpoint+";") {
		t.Errorf("the pages do not allow the storage: %s", csp)
	}
	client.Delete("/api/upload-picture").Want(200)
	client.Get(picture).Want(404)
}

// No client is sent to a damaged picture.
func TestNoRedirectToADamagedPicture(t *testing.T) {
	t.Parallel()
	bucket := s3.New(t)
	client := testkit.Start(t, inBucket(bucket.Storage("redirect=true"))).Register(t, "ada@example.com")
	picture := client.Upload("a.png", testkit.PNG(5, 5)).Want(200).PicturePath()
	for _, file := range objects(t, bucket) {
		if err := os.Truncate(file, 50); err != nil {
			t.Fatal(err)
		}
	}
	client.Get(picture).WantError(500, "internal")
}

// A picture whose file is missing from a storage that answers is damaged, and waiting does not help.
// The log names the file.
func TestLostPictures(t *testing.T) {
	t.Parallel()
	for what, start := range map[string]func(t *testing.T) (server *testkit.Server, files func() []string){
		"folder": func(t *testing.T) (*testkit.Server, func() []string) {
			server := testkit.Start(t, func(c *cardea.Config) { c.Storage = filepath.Join(c.Data, "pictures") })
			return server, func() []string { return server.StoredFiles(t) }
		},
		"bucket": func(t *testing.T) (*testkit.Server, func() []string) {
			bucket := s3.New(t)
			return testkit.Start(t, inBucket(bucket.Storage())), func() []string { return objects(t, bucket) }
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			server, files := start(t)
			lost := server.Register(t, "ada@example.com").Upload("a.png", testkit.PNG(5, 5)).Want(200).PicturePath()
			gone := files()
			kept := server.Register(t, "eve@example.com").Upload("a.png", testkit.PNG(5, 5)).Want(200).PicturePath()
			for _, file := range gone {
				if err := os.Remove(file); err != nil {
					t.Fatal(err)
				}
			}
			client := server.NewClient(t)
			if answer := client.Get(lost).WantError(500, "internal"); answer.Header.Get("Retry-After") != "" {
				t.Error("it asks for another attempt")
			}
			if said := server.Log.String(); !strings.Contains(said, "the file "+filepath.Base(gone[0])+" is missing from the storage") {
				t.Error(said)
			}
			client.Get(kept).Want(200)
		})
	}
}

// The operators' metrics count calls to the storage.
func TestStorageMetrics(t *testing.T) {
	t.Parallel()
	server := testkit.Start(t, inBucket(s3.New(t).Storage()))
	client := server.Register(t, "ada@example.com")
	client.Get(client.Upload("a.png", testkit.PNG(5, 5)).Want(200).PicturePath()).Want(200)
	answer := httptest.NewRecorder()
	server.Metrics().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	for _, want := range []string{
		`cardea_s3_calls_total{operation="put",result="ok"} 1`, `cardea_s3_calls_total{operation="open",result="ok"} 1`,
		`cardea_s3_call_duration_seconds_count{operation="put"} 1`, "cardea_s3_requests_total ",
	} {
		if !strings.Contains(answer.Body.String(), want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(answer.Body.String(), `disk="pictures"`) {
		t.Error("a bucket has no disk")
	}
}

// get loads an address of the storage.
func get(t *testing.T, address string) (contentType string, body []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // it was only read
	if body, err = io.ReadAll(answer.Body); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%d, %v: %s", answer.StatusCode, err, body)
	}
	return answer.Header.Get("Content-Type"), body
}
