package main

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

var faultsLong = flag.Bool("faults.long", false, "the tests of faults do ten times as much")

func times(n int) int {
	if *faultsLong {
		return 10 * n
	}
	return n
}

// skipFault skips a test that the machine does not allow; CI has to allow it.
func skipFault(t *testing.T, why string, err error) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("required when CI=true: %s: %v", why, err)
	}
	t.Skipf("SKIPPED: %s: %v", why, err)
}

// fill takes all that is left of a disk and returns what frees it.
func fill(t *testing.T, dir string) (free func()) {
	t.Helper()
	path := filepath.Join(dir, "filler")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for size := 64 << 10; size > 0; size /= 2 {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
	}
	_ = f.Close() // it may complain of the disk
	return func() {
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
	}
}

// smallDisk mounts a file system of 8 MB.
func smallDisk(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=8m"); err != nil {
		skipFault(t, "a small file system has to be mounted", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return folder
}

// A full disk costs what has to be written, nothing else, and only until there is room.
func TestDiskFull(t *testing.T) {
	data := smallDisk(t)
	s := serve(t, data, cheap)
	ada := s.client()
	ada.Post("/api/register", testkit.Registration("Ada", "ada@example.com", "simplepass")).Want(201)
	ada.Upload("ada.png", testkit.PNG(20, 20)).Want(200)
	address := "/uploads/" + ada.Get("/api/user").Envelope().User.ID + "_ada.png"
	picture := ada.Get(address).Want(200).Body

	for round := range times(2) {
		free := fill(t, data)
		writes := map[string]func() *testkit.Answer{
			"register": func() *testkit.Answer {
				return s.client().Post("/api/register", testkit.Registration("Eve", fmt.Sprintf("eve%d@example.com", rand.Uint64()), "simplepass"))
			},
			"upload": func() *testkit.Answer { return ada.Upload("new.png", testkit.EncodePNG(testkit.Noise(300, false))) },
			"login": func() *testkit.Answer {
				return s.client().Post("/api/login", testkit.Credentials("ada@example.com", "simplepass"))
			},
		}
		// What the database has reserved already may do for some.
		refused, took := map[string]int{}, time.Duration(0)
		for range 15 {
			for what, write := range writes {
				begun := time.Now()
				switch a := write(); a.Status {
				case 507, 503:
					refused[what]++
					took = max(took, time.Since(begun))
				case 200, 201:
				default:
					t.Errorf("%s on a full disk: %d %s", what, a.Status, a.Body)
				}
			}
		}
		for what := range writes {
			if refused[what] == 0 {
				t.Errorf("%s was never refused: the disk was not full", what)
			}
		}
		ready := s.client().Get("/readyz").WantError(503, "not_ready").Envelope()
		if says := "has no room left; the log says more"; ready.Errors["storage"] != says || ready.Errors["database"] != says {
			t.Errorf("readiness says %v", ready.Errors)
		}
		ada.Get("/api/user").Want(200)
		ada.Get("/api/sessions").Want(200)
		if got := s.client().Get(address).Want(200).Body; !bytes.Equal(got, picture) {
			t.Error("the old picture is another")
		}
		logout := s.client()
		logout.Cookie = ada.Cookie
		out := logout.Post("/api/logout", nil)
		if out.Status != 507 && out.Status != 503 {
			t.Errorf("logout on a full disk: %d", out.Status)
		} else {
			ada.Get("/api/user").Want(200) // what was refused was not done
		}
		free()
		freed := time.Now()
		s.client().Get("/readyz").Want(200)
		for what, write := range writes {
			if what != "upload" { // its new name would end the old address
				if a := write(); a.Status/100 != 2 {
					t.Errorf("%s when there was room again: %d", what, a.Status)
				}
			}
		}
		ada.Upload("ada.png", testkit.PNG(20, 20)).Want(200)
		t.Logf("round %d: refused of 15 each: %v, slowest refusal %v, logout %d; all well %v after there was room",
			round+1, refused, took.Round(time.Millisecond), out.Status, time.Since(freed).Round(time.Millisecond))
	}
	s.stop()
	s2 := serve(t, data, cheap)
	ada.URL = s2.url
	ada.Get(address).Want(200)
}

// The data can no longer be written under a running server. A file system with
// open files cannot be made read-only on purpose; files that are immutable refuse
// likewise.
func TestReadOnlyData(t *testing.T) {
	data := t.TempDir()
	s := serve(t, data, cheap)
	ada := s.client()
	ada.Post("/api/register", testkit.Registration("Ada", "ada@example.com", "simplepass")).Want(201)
	ada.Upload("ada.png", testkit.PNG(20, 20)).Want(200)
	address := "/uploads/" + ada.Get("/api/user").Envelope().User.ID + "_ada.png"
	immutable := func(flag string) error {
		out, err := exec.CommandContext(context.WithoutCancel(t.Context()), "chattr", "-R", flag, data).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	}
	if err := immutable("+i"); err != nil {
		_ = immutable("-i")
		skipFault(t, "files have to be made immutable", err)
	}
	t.Cleanup(func() { _ = immutable("-i") })
	for what, a := range map[string]*testkit.Answer{
		"register": s.client().Post("/api/register", testkit.Registration("Eve", "eve@example.com", "simplepass")),
		"login":    s.client().Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")),
		"upload":   ada.Upload("new.png", testkit.PNG(20, 20)),
		"logout":   ada.Post("/api/logout", nil),
	} {
		if a.Status != 503 {
			t.Errorf("%s: %d %s, want 503", what, a.Status, a.Body)
		}
	}
	ready := s.client().Get("/readyz").WantError(503, "not_ready").Envelope()
	if ready.Errors["storage"] != "does not answer; the log says more" || ready.Errors["database"] != "takes no writes; the log says more" {
		t.Errorf("readiness says %v", ready.Errors)
	}
	ada.Get("/api/user").Want(200)
	s.client().Get(address).Want(200)
	if err := immutable("-i"); err != nil {
		t.Fatal(err)
	}
	s.client().Get("/readyz").Want(200)
	ada.Upload("ada.png", testkit.PNG(20, 20)).Want(200)
	s.client().Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).Want(200)
	ada.Post("/api/logout", nil).Want(200)
	ada.Get("/api/user").Want(401)
}

// usage is what a process has taken: CPU time and resident memory.
func (s *server) usage() (cpu time.Duration, resident int64) {
	s.t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+2:])) // from the third on, see proc(5)
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

// Out of file descriptors, the server waits until connections close.
func TestOutOfDescriptors(t *testing.T) {
	t.Parallel()
	args := serveCommand(t, t.TempDir()).Args
	s := awaitServer(launch(t, exec.CommandContext(t.Context(), "sh", append([]string{"-c", `ulimit -n 64 && exec "$@"`, "sh"}, args...)...), cheap...))
	ada := s.client()
	ada.Post("/api/register", testkit.Registration("Ada", "ada@example.com", "simplepass")).Want(201)
	var conns []net.Conn
	for range 200 {
		conns = append(conns, testkit.Dial(t, s.url))
	}
	eventually(t, "there are no more descriptors", func() bool { return s.descriptors() >= 64 })
	before, _ := s.usage()
	<-time.After(3 * time.Second)
	after, _ := s.usage()
	if after-before > 300*time.Millisecond {
		t.Errorf("took %v of CPU time in 3 s", after-before)
	}
	lines := strings.Count(s.stderr.String(), "too many open files")
	if lines > 20 {
		t.Errorf("logged it %d times", lines)
	}
	// On a connection that it has, it answers.
	status := ada.Get("/api/user").Status
	if status != 200 && status != 503 {
		t.Errorf("a read on an open connection: %d", status)
	}
	for _, c := range conns {
		_ = c.Close()
	}
	begun := time.Now()
	eventually(t, "it recovers", func() bool { return s.client().Get("/readyz").Status == 200 })
	t.Logf("%v of CPU time in 3 s, %d lines in the log; read meanwhile %d; recovered after %v", after-before, lines, status, time.Since(begun).Round(time.Millisecond))
	s.client().Post("/api/login", testkit.Credentials("ada@example.com", "simplepass")).Want(200)
	s.stop()
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
	beside := slowest()
	if beside > quiet+500*time.Millisecond {
		t.Errorf("a read takes up to %v beside them, %v without", beside, quiet)
	}
	t.Logf("%d connections: %.1f KiB each (%d → %d MiB), %v CPU in 2 s; slowest of 200 reads %v, before %v", many,
		float64(after-before)/many/1024, before>>20, after>>20, cpu-cpuBefore, beside, quiet)
}

// dbSlack is how many descriptors readers that the database opens late may take.
const dbSlack = 4

var goroutineTotal = regexp.MustCompile(`goroutine profile: total (\d+)`)

// Whoever cancels an upload, at whatever stage, leaves nothing behind.
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
	for range 16 { // so that the database has opened its readers
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
		"once it is sent":          {len(form), 0},
		"while it is decoded":      {len(form), 15 * time.Millisecond},
		"about the answer":         {len(form), 80 * time.Millisecond},
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

// Under load, the signal to stop costs no request that the server has begun to read.
func TestStopUnderLoad(t *testing.T) {
	for round := range times(3) {
		s := serve(t, t.TempDir(), cheap)
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
						t.Errorf("an answer cut short: %v", err)
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
