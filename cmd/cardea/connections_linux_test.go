package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// usage returns the CPU time and the resident memory of a process.
func (s *server) usage() (cpu time.Duration, resident int64) {
	s.t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+2:])) // from the third field, see proc(5)
	number := func(n int) int64 { v, _ := strconv.ParseInt(fields[n-3], 10, 64); return v }
	return time.Duration(number(14)+number(15)) * 10 * time.Millisecond, number(24) * int64(os.Getpagesize())
}

func (s *server) descriptors() int {
	s.t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.cmd.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	return len(entries)
}

func TestIdleConnections(t *testing.T) {
	t.Parallel()
	const many = 2000
	s := serve(t, t.TempDir(), cheap)
	ada := s.client()
	ada.Post("/api/register", testkit.Registration("Ada", "ada@example.com", "simplepass")).Want(201)
	slowest := func() (worst time.Duration) {
		for range 200 {
			begun := time.Now()
			ada.Get("/api/user").Want(200)
			worst = max(worst, time.Since(begun))
		}
		return worst
	}
	quiet := slowest()
	_, before := s.usage()
	for range many {
		c := testkit.Dial(t, s.url)
		_, _ = io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
		if line, err := bufio.NewReader(c).ReadString('\n'); !strings.Contains(line, "200") {
			t.Fatalf("%q, %v", line, err)
		}
	}
	cpuBefore, after := s.usage()
	<-time.After(2 * time.Second)
	cpu, _ := s.usage()
	each := (after - before) / many
	if each > 64<<10 {
		t.Errorf("%d KiB a connection", each>>10)
	}
	if cpu-cpuBefore > 100*time.Millisecond {
		t.Errorf("%v of CPU time in 2 s", cpu-cpuBefore)
	}
	during := slowest()
	if during > quiet+500*time.Millisecond {
		t.Errorf("a read takes up to %v with them, %v without", during, quiet)
	}
	t.Logf("%d connections: %.1f KiB each (%d → %d MiB), %v CPU in 2 s; slowest of 200 reads %v, before %v", many,
		float64(after-before)/many/1024, before>>20, after>>20, cpu-cpuBefore, during, quiet)
}

// dbSlack is how many more descriptors the database may open for readers.
const dbSlack = 4

var goroutineTotal = regexp.MustCompile(`goroutine profile: total (\d+)`)

// An upload that is cancelled at any stage leaves nothing behind.
func TestCancelledUploads(t *testing.T) {
	data, ops := t.TempDir(), freeAddress(t)
	s := serve(t, data, cheap, "--ops-listen", ops)
	ada := s.client()
	ada.Post("/api/register", testkit.Registration("Ada", "ada@example.com", "simplepass")).Want(201)
	ada.Upload("ada.png", testkit.PNG(20, 20)).Want(200)
	goroutines := func() int {
		answer, err := http.Get("http://" + ops + "/debug/pprof/goroutine?debug=1") //nolint:noctx // on this machine
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, _ := io.ReadAll(answer.Body)
		n, _ := strconv.Atoi(string(goroutineTotal.FindSubmatch(text)[1]))
		return n
	}
	form, formType := testkit.Form(t, "profile_pic", "new.png", testkit.EncodePNG(testkit.Noise(700, false)))
	head := fmt.Sprintf("POST /api/upload-picture HTTP/1.1\r\nHost: x\r\nCookie: session=%s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n",
		ada.Cookie, formType, len(form))
	files := func() int { return len(filesIn(t, filepath.Join(data, "pictures"))) }
	var readers sync.WaitGroup
	for range 16 { // afterwards the database has opened its readers
		readers.Go(func() { s.client().Get("/api/user") })
	}
	readers.Wait()
	wantG, wantFD := goroutines(), s.descriptors()+dbSlack
	for what, c := range map[string]struct {
		sent int
		wait time.Duration
	}{
		"after the headers":        {0, 5 * time.Millisecond},
		"in the middle":            {len(form) / 2, 5 * time.Millisecond},
		"before the last boundary": {len(form) - 80, 5 * time.Millisecond},
		"after the upload":         {len(form), 0},
		"while it is decoded":      {len(form), 15 * time.Millisecond},
		"during the answer":        {len(form), 80 * time.Millisecond},
	} {
		for i := range times(8) {
			conn := testkit.Dial(t, s.url)
			_, _ = conn.Write([]byte(head))
			_, _ = conn.Write(form[:c.sent])
			<-time.After(c.wait + time.Duration(i)*2*time.Millisecond)
			if i%2 == 0 {
				_ = conn.(*net.TCPConn).SetLinger(0) // a reset
			}
			_ = conn.Close()
		}
		var g, fd, n int
		begun := time.Now()
		eventually(t, what+": nothing is left", func() bool {
			g, fd, n = goroutines(), s.descriptors(), files()
			if time.Since(begun) > patience/2 {
				t.Fatalf("%s: %d goroutines (%d before), %d descriptors (%d), %d files; log:\n%s", what, g, wantG, fd, wantFD, n, &s.stderr)
			}
			return g <= wantG && fd <= wantFD && n == 1
		})
		t.Logf("%s: %d × cancelled; %d goroutines (%d before), %d descriptors (%d at most), %d file", what, times(8), g, wantG, fd, wantFD, n)
	}
	ada.Upload("ada.png", testkit.PNG(20, 20)).Want(200)
}

// Under load, a stop still answers all requests that the server has begun to read.
func TestStopUnderLoad(t *testing.T) {
	for round := range times(3) {
		s := serve(t, t.TempDir(), append(slices.Clone(cheap), "CARDEA_SESSIONS_PER_USER=10000")) // each login is one more
		ada := s.client()
		ada.Post("/api/register", testkit.Registration("Ada", "ada@example.com", "simplepass")).Want(201)
		form, formType := testkit.Form(t, "profile_pic", "a.png", testkit.PNG(20, 20))
		credentials := `{"email":"ada@example.com","password":"simplepass"}`
		cookie := "Host: x\r\nCookie: session=" + ada.Cookie + "\r\n"
		requests := []string{
			"GET /api/user HTTP/1.1\r\n" + cookie + "\r\n",
			fmt.Sprintf("POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(credentials), credentials),
			fmt.Sprintf("POST /api/upload-picture HTTP/1.1\r\n%sContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", cookie, formType, len(form), form),
		}
		var mu sync.Mutex
		count := map[string]int{}
		note := func(what string) { mu.Lock(); count[what]++; mu.Unlock() }
		var clients sync.WaitGroup
		for i := range 16 {
			clients.Go(func() {
				conn := testkit.Dial(t, s.url)
				r := bufio.NewReader(conn)
				for n := i; ; n++ {
					if _, err := io.WriteString(conn, requests[n%3]); err != nil {
						note("closed before the request was written")
						return
					}
					if _, err := r.Peek(1); err != nil {
						note("closed while idle, before any byte of an answer")
						return
					}
					answer, err := http.ReadResponse(r, nil)
					if err == nil {
						_, err = io.Copy(io.Discard, answer.Body)
						_ = answer.Body.Close()
					}
					switch {
					case err != nil:
						t.Errorf("an answer was cut off: %v", err)
						return
					case answer.StatusCode != 200:
						t.Errorf("answered with %s", answer.Status)
					}
					note("answered")
					if answer.Close {
						note("told that the connection closes")
						return
					}
				}
			})
		}
		<-time.After(500 * time.Millisecond)
		begun := time.Now()
		s.signal(syscall.SIGTERM)
		clients.Wait()
		s.wantStopped()
		t.Logf("round %d: %v; stopped in %v", round+1, count, time.Since(begun).Round(time.Millisecond))
		if logged := s.stderr.String(); strings.Contains(logged, `"status":5`) {
			t.Errorf("the log has refusals:\n%.2000s", logged)
		}
	}
}
