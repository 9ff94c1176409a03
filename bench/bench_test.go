package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit/need"
)

// The seeder writes Cardea's tables directly. Cardea must accept the sessions and
// passwords of the seeded users.
func TestSeededUsersWork(t *testing.T) {
	const users = batch + 1 // the last statement is shorter than a batch
	binary := filepath.Join(t.TempDir(), "cardea")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./cmd/cardea") //nolint:gosec // ours
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Run("SQLite", func(t *testing.T) { seededUsersWork(t, cardea{binary: binary}, users) })
	t.Run("PostgreSQL and S3", func(t *testing.T) {
		used, err := startBackends()
		if err != nil {
			need.Missing(t, "postgres", err.Error(), "install Debian's package postgresql")
		}
		defer used.stop()
		seededUsersWork(t, cardea{binary: binary, backends: used}, users)
	})
}

func seededUsersWork(t *testing.T, c cardea, users int) {
	t.Helper()
	dir := t.TempDir()
	if err := c.Seed(dir, users); err != nil {
		t.Fatal(err)
	}
	s, err := start(context.Background(), c, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.stop()
	client, err := dial(t.Context(), s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer client.close()
	for _, user := range []int{0, users - 1} {
		a, err := client.do(c.Read(user))
		if err != nil || !strings.Contains(string(a.body), email(user)) {
			t.Errorf("user %d: %v, %s", user, err, a.body)
		}
		if _, err := client.do(c.Login(user)); err != nil {
			t.Error(err)
		}
	}
	if a, err := client.send(c.Read(users)); err != nil || a.StatusCode != http.StatusUnauthorized {
		t.Errorf("an unknown user: %v, %s", err, a.Status)
	}
	for _, call := range c.calls(photo(64, 64)) {
		if _, err := client.do(call.request(1)); err != nil {
			t.Error(err)
		}
	}
}

// load.lua finds the requests in its file by their size, which must be the same for all.
func TestRequestsHaveOneSize(t *testing.T) {
	p := &pocketBase{users: []signedIn{{"id0", "a token"}, {"id1", "another"}}}
	f := &flask{cookies: []string{"one", "two"}}
	a := &betterAuth{cookies: []string{"a=b%2B", "a=b"}, longest: 6}
	for _, of := range []func(int) []byte{
		cardea{}.Read, cardea{}.Login, cardea{}.Register, p.Read, p.Login, p.Register, f.Read, a.Read, a.Login, a.Register,
	} {
		for i := range 2 {
			r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(of(i))))
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(r.Body)
			if err != nil || int64(len(body)) != r.ContentLength {
				t.Errorf("%s: %v, %d bytes of %d", of(i), err, len(body), r.ContentLength)
			}
		}
		if _, err := newLoad(t.TempDir(), "random", 2, of); err != nil {
			t.Error(err)
		}
	}
	longer := func(i int) []byte { return make([]byte, i+1) }
	if _, err := newLoad(t.TempDir(), "random", 2, longer); err == nil {
		t.Error("requests of two sizes were accepted")
	}
}

// A failed request fails the run.
func TestFailedRequestsFailTheRun(t *testing.T) {
	for out, ok := range map[string]bool{
		"Running 2s test\n\n" + `{"requests":9,"microseconds":2000000,"failed":0,"refused":0,"p50":1,"p99":2}`: true,
		`{"requests":9,"microseconds":2000000,"failed":1,"refused":0,"p50":1,"p99":2}`:                         false,
		`{"requests":9,"microseconds":2000000,"failed":0,"refused":1,"p50":1,"p99":2}`:                         false,
		"unable to connect": false,
	} {
		w, err := readWrk([]byte(out))
		if (err == nil) != ok || ok && (w.Requests != 9 || w.P99 != 2) {
			t.Errorf("%s: %+v, %v", out, w, err)
		}
	}
}

func TestFigures(t *testing.T) {
	if got := median([]float64{9, 1, 5}); got != 5 {
		t.Errorf("the median is %v", got)
	}
	if got := median([]float64{9, 1}); got != 5 {
		t.Errorf("the median of two is %v", got)
	}
	if got := ratios([]float64{1, 8}, []float64{2, 4}); got[0] != 0.5 || got[1] != 2 {
		t.Errorf("the ratios are %v", got)
	}
	for v, want := range map[float64]string{0.456: "0.46", 12.34: "12.3", 999.4: "999", 1234.5: "1,235", 1234567: "1,234,567"} {
		if got := number(v); got != want {
			t.Errorf("%v is printed as %s", v, got)
		}
	}
	for _, l := range []struct {
		limit limit
		value float64
		met   bool
	}{{atLeast(0.75, "×"), 0.75, true}, {atLeast(0.75, "×"), 0.74, false}, {atMost(10, "ms"), 10, true}, {atMost(10, "ms"), 10.1, false}} {
		if l.limit.met(l.value) != l.met {
			t.Errorf("%v with a budget of %s: met is %t", l.value, l.limit, !l.met)
		}
	}
}

func TestChartIsDrawn(t *testing.T) {
	c := comparison{what: "reads & more", unit: "/s"}
	c.add("Cardea", 100, "p99 < 1 ms")
	c.add("Flask", 0, "")
	svg := chart([]comparison{c})
	if n := bytes.Count(svg, []byte("<rect")); n != 2 {
		t.Errorf("%d bars", n)
	}
	for decoder := xml.NewDecoder(bytes.NewReader(svg)); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
