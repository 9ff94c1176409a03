package s3

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
)

// Fault is what a [Proxy] does to a request.
type Fault int

// The faults.
const (
	None       Fault = iota
	Stall            // no answer, and nothing is passed on
	StallBody        // the header of the answer and half of its body, then nothing
	Cut              // the connection is closed, and nothing is passed on
	CutBody          // the connection is closed in the middle of the answer's body
	CutUpload        // half of the upload is passed on
	LoseAnswer       // the request is passed on, then the connection is closed
	Busy             // 503 SlowDown
	Full             // 507
)

// Proxy stands before the server and makes it fail as it is told.
type Proxy struct {
	URL string

	mu    sync.Mutex
	fault func(*http.Request) Fault
	ends  chan struct{} // closed when faults change, which ends stalls

	requests, bytes atomic.Int64
	next            *httputil.ReverseProxy
}

// NewProxy starts a proxy without faults before a server. It lasts until the test ends.
func NewProxy(t testing.TB, endpoint string) *Proxy {
	t.Helper()
	to, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{ends: make(chan struct{})}
	p.next = &httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(to); r.Out.Host = r.In.Host }, // which is signed
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	front := httptest.NewServer(p)
	p.URL = front.URL
	t.Cleanup(func() {
		p.Fail(None)
		front.CloseClientConnections()
		front.Close()
	})
	return p
}

// Fail makes all requests fail from now on. [None] ends that, and what stalls.
func (p *Proxy) Fail(fault Fault) { p.FailIf(func(*http.Request) Fault { return fault }) }

// FailIf makes some requests fail from now on.
func (p *Proxy) FailIf(fault func(*http.Request) Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = fault
	close(p.ends)
	p.ends = make(chan struct{})
}

// FailOnce makes the next request of a method fail.
func (p *Proxy) FailOnce(method string, fault Fault) {
	var done atomic.Bool
	p.FailIf(func(r *http.Request) Fault {
		if r.Method == method && !done.Swap(true) {
			return fault
		}
		return None
	})
}

// Requests is how many requests came, and Bytes how many bytes of bodies were answered.
func (p *Proxy) Requests() int64 { return p.requests.Load() }

// Bytes is how many bytes of bodies were answered.
func (p *Proxy) Bytes() int64 { return p.bytes.Load() }

func (p *Proxy) of(r *http.Request) (Fault, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fault == nil {
		return None, p.ends
	}
	return p.fault(r), p.ends
}

// ServeHTTP implements [http.Handler].
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.requests.Add(1)
	fault, ends := p.of(r)
	stall := func() {
		select {
		case <-ends:
		case <-r.Context().Done():
		}
		panic(http.ErrAbortHandler)
	}
	switch fault {
	case None:
		p.next.ServeHTTP(&counted{ResponseWriter: w, bytes: &p.bytes}, r)
	case Stall:
		_, _ = io.Copy(io.Discard, r.Body) // otherwise net/http does not see that the client leaves
		stall()
	case StallBody:
		p.next.ServeHTTP(&halved{ResponseWriter: w, then: stall}, r)
	case Cut:
		panic(http.ErrAbortHandler)
	case CutBody:
		p.next.ServeHTTP(&halved{ResponseWriter: w, then: func() { panic(http.ErrAbortHandler) }}, r)
	case CutUpload:
		half, _ := io.ReadAll(io.LimitReader(r.Body, r.ContentLength/2)) // what came
		r.Body = io.NopCloser(&cutReader{half})
		p.next.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	case LoseAnswer:
		p.next.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	case Busy:
		refuse(w, http.StatusServiceUnavailable, "SlowDown")
	case Full:
		refuse(w, http.StatusInsufficientStorage, "InsufficientStorage")
	}
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "<Error><Code>"+code+"</Code><Message>by the proxy of the tests</Message></Error>") // it may have left
}

// counted counts the bytes of a body.
type counted struct {
	http.ResponseWriter
	bytes *atomic.Int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.bytes.Add(int64(n))
	return n, err
}

// halved answers with half of the first part of a body.
type halved struct {
	http.ResponseWriter
	then func()
}

func (h *halved) Write(p []byte) (int, error) {
	_, _ = h.ResponseWriter.Write(p[:len(p)/2])              // it may have left
	_ = http.NewResponseController(h.ResponseWriter).Flush() // it may have left
	h.then()
	return 0, io.ErrClosedPipe
}

// cutReader ends too early.
type cutReader struct{ data []byte }

func (c *cutReader) Read(p []byte) (int, error) {
	if len(c.data) == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n := copy(p, c.data)
	c.data = c.data[n:]
	return n, nil
}
