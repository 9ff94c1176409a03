package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// A request in flight is answered during a stop, and its change is kept.
func TestStop(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			data := t.TempDir()
			s := serve(t, data, nil)
			ada := s.client()
			ada.Post("/api/register", testkit.Registration("Ada", "ada@example.com", "simplepass")).Want(http.StatusCreated)
			form, formType := testkit.Form(t, "profile_pic", "ada.png", testkit.PNG(20, 20))
			credentials := []byte(`{"email":"ada@example.com","password":"simplepass"}`)

			upload := sendHalf(t, ada, "/api/upload-picture", formType, form)
			login := sendHalf(t, s.client(), "/api/login", "application/json", credentials)
			s.signal(sig)
			s.awaitRefusal()
			if answer := upload.finish(); answer.status != http.StatusOK {
				t.Errorf("the upload in flight was answered with %d", answer.status)
			}
			signedIn := login.finish()
			if signedIn.status != http.StatusOK {
				t.Errorf("the login in flight was answered with %d", signedIn.status)
			}
			s.wantStopped()

			again := serve(t, data, nil).client()
			again.Cookie = signedIn.token
			user := again.Get("/api/user").Want(http.StatusOK).Envelope().User
			if user.Picture == nil {
				t.Fatal("the picture that was uploaded during the stop is gone")
			}
			again.Get("/uploads/" + user.ID + "_ada.png").Want(http.StatusOK)
		})
	}
}

// A second signal does not wait for requests in flight.
func TestSecondSignalStopsAtOnce(t *testing.T) {
	s := serve(t, t.TempDir(), nil)
	sendHalf(t, s.client(), "/api/login", "application/json", []byte(`{"email":"","password":""}`))
	s.signal(syscall.SIGTERM)
	s.awaitRefusal()
	eventually(t, "the server has ended", func() bool {
		_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		select {
		case <-s.ended:
			return true
		default:
			return false
		}
	})
	if status, ok := s.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGTERM {
		t.Errorf("ended by %v, want by the signal itself", s.cmd.ProcessState)
	}
}

// Connections that are idle, or were never used, do not delay a stop. Browsers keep both.
func TestStopWithOpenConnections(t *testing.T) {
	s := serve(t, t.TempDir(), nil)
	dial := func() net.Conn {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
	unused, idle := dial(), dial()
	if _, err := io.WriteString(idle, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(idle)
	answer, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.Body.Close() != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %v", answer.StatusCode, err)
	}
	login := sendHalf(t, s.client(), "/api/login", "application/json", []byte(`{"email":"ada@example.com","password":"simplepass"}`))

	s.signal(syscall.SIGTERM)
	for name, r := range map[string]io.Reader{"unused": unused, "idle": reader} {
		if n, err := r.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Errorf("the %s connection is still open: %d, %v", name, n, err)
		}
	}
	if answer := login.finish(); answer.status != http.StatusUnauthorized {
		t.Errorf("the login in flight was answered with %d", answer.status)
	}
	s.wantStopped()
}

func TestStopIsQuick(t *testing.T) {
	s := serve(t, t.TempDir(), nil)
	s.client().Get("/healthz").Want(http.StatusOK) // leaves an idle connection
	for range 3 {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close() //nolint:errcheck // nothing was sent
	}
	began := time.Now()
	s.stop()
	// It takes 0.3 s. The bound leaves room for a busy machine; a connection that was
	// never used used to take five seconds.
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("the stop took %v", took)
	}
}

// awaitRefusal waits until the server takes no new connections.
func (s *server) awaitRefusal() {
	s.t.Helper()
	eventually(s.t, "new connections are refused", func() bool {
		conn, err := new(net.Dialer).DialContext(s.t.Context(), "tcp", s.addr)
		if err == nil {
			_ = conn.Close() // nothing was sent
		}
		return isRefused(err)
	})
}

// halfSent is a request that the server has begun to read.
type halfSent struct {
	t      *testing.T
	rest   []byte
	body   *io.PipeWriter
	answer chan reply
}

// sendHalf sends half of a body. It waits for the answer to "Expect: 100-continue" first, so
// the server is reading it.
func sendHalf(t *testing.T, c *testkit.Client, path, contentType string, body []byte) *halfSent {
	t.Helper()
	r, w := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.URL+path, r)
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = int64(len(body))
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Cookie", "session="+c.Cookie)
	req.Header.Set("Expect", "100-continue")
	h := &halfSent{t, body[len(body)/2:], w, make(chan reply, 1)}
	go func() {
		defer close(h.answer)
		answer, err := roundTrip(&http.Transport{ExpectContinueTimeout: patience}, req)
		if err != nil {
			_ = r.CloseWithError(err) // never fails
			return
		}
		h.answer <- answer
	}()
	if _, err := w.Write(body[:len(body)/2]); err != nil {
		t.Fatalf("POST %s: %v", path, err)
	}
	return h
}

// finish sends the rest and returns the answer.
func (h *halfSent) finish() reply {
	h.t.Helper()
	if _, err := h.body.Write(h.rest); err != nil {
		h.t.Fatal(err)
	}
	_ = h.body.Close() // never fails
	answer, ok := <-h.answer
	if !ok {
		h.t.Fatal("a request in flight got no answer")
	}
	return answer
}
