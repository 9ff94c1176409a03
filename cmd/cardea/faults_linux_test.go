package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
	"github.com/cardea-accounts/cardea/internal/testkit/need"
)

var faultsLong = flag.Bool("faults.long", false, "run ten times as many rounds in the tests of faults")

func times(n int) int {
	if *faultsLong {
		return 10 * n
	}
	return n
}

// skipFault ends a test that the machine does not allow. CI must allow all of them.
func skipFault(t *testing.T, why string, err error) {
	t.Helper()
	need.Missing(t, "fault", why+": "+err.Error(), "run it as root, on a machine that allows it")
}

// fill fills a disk and returns a function that frees the space again.
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
	_ = f.Close() // it may fail, because the disk is full
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
		skipFault(t, "the test mounts a small file system", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return folder
}

// On a full disk only writes fail, and only until there is space again.
func TestDiskFull(t *testing.T) {
	house.OnlySQLite(t, "the file is on a full disk")
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
		// Some writes still fit into the space that the database has reserved.
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
		if says := "has no space left; the log says more"; ready.Errors["storage"] != says || ready.Errors["database"] != says {
			t.Errorf("readiness says %v", ready.Errors)
		}
		ada.Get("/api/user").Want(200)
		ada.Get("/api/sessions").Want(200)
		if got := s.client().Get(address).Want(200).Body; !bytes.Equal(got, picture) {
			t.Error("the old picture has changed")
		}
		logout := s.client()
		logout.Cookie = ada.Cookie
		out := logout.Post("/api/logout", nil)
		if out.Status != 507 && out.Status != 503 {
			t.Errorf("logout on a full disk: %d", out.Status)
		} else {
			ada.Get("/api/user").Want(200) // a refused request changes nothing
		}
		free()
		freed := time.Now()
		s.client().Get("/readyz").Want(200)
		for what, write := range writes {
			if what != "upload" { // its new name would change the address
				if a := write(); a.Status/100 != 2 {
					t.Errorf("%s with space again: %d", what, a.Status)
				}
			}
		}
		ada.Upload("ada.png", testkit.PNG(20, 20)).Want(200)
		t.Logf("round %d: refused of 15 each: %v, slowest refusal %v, logout %d; all well %v after there was space",
			round+1, refused, took.Round(time.Millisecond), out.Status, time.Since(freed).Round(time.Millisecond))
	}
	s.stop()
	s2 := serve(t, data, cheap)
	ada.URL = s2.url
	ada.Get(address).Want(200)
}

// The data folder becomes read-only while the server runs. A file system with open files
// cannot be made read-only, but its files can be made immutable.
func TestReadOnlyData(t *testing.T) {
	house.OnlySQLite(t, "the file becomes read-only")
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
		skipFault(t, "the test makes files immutable", err)
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
	if ready.Errors["storage"] != "does not answer; the log says more" || ready.Errors["database"] != "cannot be written; the log says more" {
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
