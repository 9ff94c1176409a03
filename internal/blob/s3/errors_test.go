package s3_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/blob/s3"
)

// Errors that a real server does not give in a test, such as for a wrong clock, are explained.
// The codes are those of docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html and of MinIO.
func TestAnswersAreExplained(t *testing.T) {
	withCredentials(t)
	for _, c := range []struct {
		status int
		code   string
		want   error // nil: an outage
		words  string
		brief  string // of errors that an operator must correct
	}{
		{403, "RequestTimeTooSkewed", s3.ErrSetup, "clock", "has a different time than this machine"},
		{403, "AccessDenied", s3.ErrSetup, "allow s3:ListBucket", "denies access"},
		{403, "InvalidAccessKeyId", s3.ErrSetup, "access key", "refuses the credentials"},
		{403, "SomethingNew", s3.ErrSetup, "SomethingNew", "denies access"},
		{400, "ExpiredToken", s3.ErrSetup, "expired", "refuses the credentials"},
		{400, "AuthorizationHeaderMalformed", s3.ErrSetup, "is in the region eu-north-1", "is in another region"},
		{301, "PermanentRedirect", s3.ErrSetup, "is in the region eu-north-1", "is in another region"},
		{404, "NoSuchBucket", s3.ErrSetup, "no bucket pictures", "has no such bucket"},
		{404, "NoSuchKey", blob.ErrNotFound, "", ""},
		{507, "XMinioStorageFull", blob.ErrFull, "", ""},
		{400, "XMinioAdminBucketQuotaExceeded", blob.ErrFull, "", ""},
		{403, "QuotaExceeded", blob.ErrFull, "", ""},
		{400, "SomethingNew", nil, "SomethingNew", ""},
		{503, "SlowDown", nil, "SlowDown", ""},
	} {
		t.Run(fmt.Sprint(c.status, c.code), func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Amz-Bucket-Region", "eu-north-1")
				w.WriteHeader(c.status)
				fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s\n\nwords</Message></Error>", c.code, strings.Repeat("many ", 1000))
			}))
			t.Cleanup(server.Close)
			s := open(t, "s3://pictures?endpoint="+server.URL)
			_, err := s.Open(t.Context(), key)
			for _, kind := range []error{s3.ErrSetup, blob.ErrNotFound, blob.ErrFull} {
				if errors.Is(err, kind) != errors.Is(kind, c.want) {
					t.Errorf("%v", err)
				}
			}
			if known, ok := errors.AsType[interface {
				error
				Brief() string
			}](err); ok != (c.brief != "") || ok && known.Brief() != c.brief {
				t.Errorf("%v: brief is not %q", err, c.brief)
			}
			if said := err.Error(); !strings.Contains(said, c.words) || strings.Contains(said, "\n") || len(said) > 400 {
				t.Errorf("it says: %s", said)
			}
		})
	}
}

// A certificate that this machine does not trust is not taken for an outage.
func TestUnknownCertificate(t *testing.T) {
	withCredentials(t)
	server := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	err := open(t, "s3://pictures?endpoint="+server.URL).Check(t.Context())
	if !errors.Is(err, s3.ErrSetup) || !strings.Contains(err.Error(), "SSL_CERT_FILE") {
		t.Errorf("%v", err)
	}
}

// A server without conditional puts gets unconditional ones, also if several are the first at the
// same time. A closed server is an outage.
func TestServerWithoutConditionalPuts(t *testing.T) {
	withCredentials(t)
	const first = 3
	var refused sync.WaitGroup // until all of the first were sent
	refused.Add(first)
	var puts atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") != "" {
			refused.Done()
			refused.Wait()
			w.WriteHeader(http.StatusNotImplemented)
			fmt.Fprint(w, "<Error><Code>NotImplemented</Code></Error>")
			return
		}
		puts.Add(1)
	}))
	s := open(t, "s3://pictures?endpoint="+server.URL)
	put := func() {
		if err := s.Put(t.Context(), key, []byte("data")); err != nil {
			t.Error(err)
		}
	}
	var putting sync.WaitGroup
	for range first {
		putting.Go(put)
	}
	putting.Wait()
	put()
	if n := puts.Load(); n != first+1 {
		t.Errorf("%d puts", n)
	}
	server.Close()
	if err := s.Put(t.Context(), key, []byte("data")); !errors.Is(err, blob.ErrUncertain) || errors.Is(err, s3.ErrSetup) {
		t.Errorf("%v", err)
	}
	err := s.List(t.Context(), func(blob.Item) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "s3://pictures: no answer from ") || strings.Contains(err.Error(), "list-type") {
		t.Errorf("%v", err)
	}
}

// A server that refuses a put has answered, and the error says what. A missing object is named.
func TestAnswers(t *testing.T) {
	withCredentials(t)
	for answer, c := range map[string]struct {
		status int
		says   string
	}{
		"EntityTooLarge": {http.StatusBadRequest, " answered 400 EntityTooLarge: no"},
		"InvalidRequest": {http.StatusBadRequest, " answered 400 InvalidRequest: no"},
		"NotImplemented": {http.StatusNotImplemented, " answered 501 NotImplemented: no"},
		"InternalError":  {http.StatusInternalServerError, "the storage did not answer, and may store the data later"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			fmt.Fprintf(w, "<Error><Code>%s</Code><Message>no</Message></Error>", answer)
		}))
		err := open(t, "s3://pictures?endpoint="+server.URL).Put(t.Context(), key, []byte("data"))
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "did not answer") != (c.status == 500) || !errors.Is(err, blob.ErrUncertain) {
			t.Errorf("%s: %v", answer, err)
		}
		server.Close()
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, "<Error><Code>NoSuchKey</Code></Error>")
	}))
	defer server.Close()
	_, err := open(t, "s3://pictures/in?endpoint="+server.URL).Open(t.Context(), key)
	if want := "blob: not found: in/" + key[:2] + "/" + key; !errors.Is(err, blob.ErrNotFound) || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func withCredentials(t *testing.T) {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
}
