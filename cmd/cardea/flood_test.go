package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"image"
	"image/jpeg"
	"net/http"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/password"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// How fast cheap requests are during a flood of CPU-heavy ones. These are measurements, not
// tests: they need wrk (https://github.com/wg/wrk) and a quiet machine.
//
//	go test ./cmd/cardea -run 'Flood|Storm' -v -flood=5

var (
	floodRounds  = flag.Int("flood", 0, "how many rounds TestLoginFlood and TestUploadStorm measure; 0: none")
	floodReaders = flag.Int("flood.readers", 1, "connections on which they read GET /api/user")
	floodSlice   = flag.Duration("flood.slice", 3*time.Second, "how long each part of a round takes")
)

// floodClients is the number of clients that send CPU-heavy requests.
const floodClients = 64

// TestLoginFlood measures reads while 64 clients log in, compared with a quiet server, and
// logins compared with the hashes that the cores can do.
func TestLoginFlood(t *testing.T) {
	f := newFlood(t)
	for i := range floodClients {
		f.server.client().Post("/api/register", testkit.Registration("Ada", floodEmail(i), "simplepass")).Want(201)
	}
	f.measure(hashesPerSecond, func(i int) (path, contentType, cookie string, body []byte) {
		return "/api/login", "application/json", "", fmt.Appendf(nil, `{"email":%q,"password":"simplepass"}`, floodEmail(i))
	})
}

// TestUploadStorm measures reads while 64 clients upload photographs of 12 megapixels.
func TestUploadStorm(t *testing.T) {
	f := newFlood(t)
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, image.NewYCbCr(image.Rect(0, 0, 4000, 3000), image.YCbCrSubsampleRatio420), nil); err != nil {
		t.Fatal(err)
	}
	body, contentType := testkit.Form(t, "profile_pic", "a.jpg", photo.Bytes())
	var cookies []string
	for i := range floodClients {
		client := f.server.client()
		client.Post("/api/register", testkit.Registration("Ada", floodEmail(i), "simplepass")).Want(201)
		cookies = append(cookies, client.Cookie)
	}
	f.measure(nil, func(i int) (string, string, string, []byte) {
		return "/api/upload-picture", contentType, cookies[i], body
	})
}

func floodEmail(i int) string { return fmt.Sprintf("ada%d@example.com", i) }

// flood is a server and a user who reads.
type flood struct {
	*testing.T
	server *server
	reader string // cookie
}

func newFlood(t *testing.T) *flood {
	if *floodRounds == 0 {
		t.Skip("only with -flood")
	}
	s := serve(t, t.TempDir(), []string{"CARDEA_RATE_LIMIT=off"})
	reader := s.client()
	reader.Post("/api/register", testkit.Registration("Reader", "reader@example.com", "simplepass")).Want(201)
	return &flood{t, s, reader.Cookie}
}

// measure compares, in each round, reads during the flood with reads without it, and the
// work that the flood gets done with the work that the cores could do alone.
func (f *flood) measure(alone func(time.Duration) float64, request func(i int) (path, contentType, cookie string, body []byte)) {
	var reads, p99s, work []float64
	for round := range *floodRounds {
		quiet, quietP99 := f.read()
		rate, p99, done, refused := f.readDuring(request)
		f.Logf("round %d: reads %.0f/s quiet (p99 %v), %.0f/s during the flood (p99 %v): %.2f; the flood: %.1f/s done, %d refused in all",
			round+1, quiet, quietP99, rate, p99, rate/quiet, done, refused)
		reads, p99s = append(reads, rate/quiet), append(p99s, p99.Seconds()*1000)
		if alone != nil {
			most := alone(*floodSlice)
			f.Logf("round %d: alone %.1f/s could be done: %.2f", round+1, most, done/most)
			work = append(work, done/most)
		}
	}
	f.Logf("medians of %d rounds: reads %.2f of quiet, p99 %.1f ms", *floodRounds, median(reads), median(p99s))
	if alone != nil {
		f.Logf("the flood gets done %.2f of the work alone", median(work))
	}
}

// readDuring reads during the flood.
func (f *flood) readDuring(request func(i int) (path, contentType, cookie string, body []byte)) (reads float64, p99 time.Duration, perSecond float64, refused int64) {
	ctx, stop := context.WithCancel(f.Context())
	var done, busy atomic.Int64
	var clients sync.WaitGroup
	transport := &http.Transport{MaxIdleConnsPerHost: floodClients}
	defer transport.CloseIdleConnections()
	for i := range floodClients {
		clients.Go(func() {
			path, contentType, cookie, body := request(i)
			for ctx.Err() == nil {
				r, _ := http.NewRequestWithContext(ctx, "POST", f.server.url+path, bytes.NewReader(body))
				r.Header.Set("Content-Type", contentType)
				r.Header.Set("Cookie", "session="+cookie)
				answer, err := transport.RoundTrip(r)
				switch {
				case err != nil:
				case answer.StatusCode == http.StatusOK:
					done.Add(1)
				case answer.StatusCode == http.StatusServiceUnavailable:
					busy.Add(1)
				default:
					f.Errorf("%s: %s", path, answer.Status)
				}
				if err == nil {
					_ = answer.Body.Close()
				}
			}
		})
	}
	eventually(f, "the flood has begun", func() bool { return done.Load() > floodClients/4 })
	before, begun := done.Load(), time.Now()
	reads, p99 = f.read()
	perSecond = float64(done.Load()-before) / time.Since(begun).Seconds()
	stop()
	clients.Wait()
	return reads, p99, perSecond, busy.Load()
}

var (
	wrkRate = regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)
	wrkP99  = regexp.MustCompile(`99%\s+([0-9.]+)(us|ms|s)\n`)
)

// read sends GET /api/user as fast as it gets answers, which must all be 200.
func (f *flood) read() (perSecond float64, p99 time.Duration) {
	f.Helper()
	out, err := exec.CommandContext(f.Context(), "wrk", "-t1", "-c"+strconv.Itoa(*floodReaders), "-d"+floodSlice.String(), "--latency",
		"-H", "Cookie: session="+f.reader, f.server.url+"/api/user").CombinedOutput()
	rate, slow := wrkRate.FindSubmatch(out), wrkP99.FindStringSubmatch(string(out))
	if err != nil || rate == nil || slow == nil || strings.Contains(string(out), "Non-2xx") || strings.Contains(string(out), "Socket errors") {
		f.Fatalf("wrk: %v\n%s", err, out)
	}
	perSecond, _ = strconv.ParseFloat(string(rate[1]), 64)
	p99, _ = time.ParseDuration(slow[1] + slow[2])
	return perSecond, p99
}

// hashesPerSecond returns how many hashes the cores can do alone.
func hashesPerSecond(during time.Duration) float64 {
	var hashes atomic.Int64
	var cores sync.WaitGroup
	begun := time.Now()
	for range runtime.GOMAXPROCS(0) {
		cores.Go(func() {
			for time.Since(begun) < during {
				password.Hash("simplepass", password.Default)
				hashes.Add(1)
			}
		})
	}
	cores.Wait()
	return float64(hashes.Load()) / time.Since(begun).Seconds()
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
