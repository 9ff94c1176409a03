package foreign_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/password/foreign"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// vector is a line of testdata/vectors.tsv.
type vector struct{ format, library, password, hash string }

// vectors returns the hashes by real libraries; testdata/generate.py made them.
func vectors(t testing.TB) []vector {
	t.Helper()
	data, err := os.ReadFile("testdata/vectors.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var all []vector
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		v := vector{format: f[0], library: f[1], hash: f[3]}
		if err := json.Unmarshal([]byte(f[2]), &v.password); err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	return all
}

func parse(t testing.TB, s string) foreign.Hash {
	t.Helper()
	h, err := foreign.Parse(s)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return h
}

// matches reports whether a password matches a hash.
func matches(t testing.TB, h foreign.Hash, password string) bool {
	t.Helper()
	ok, err := h.Verify(password)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

// Every library's hash matches its password and no other.
func TestVectors(t *testing.T) {
	formats := map[string]int{}
	for _, v := range vectors(t) {
		h := parse(t, v.hash)
		if h.Format() != v.format {
			t.Errorf("%s: format %s, want %s", v.hash, h.Format(), v.format)
		}
		formats[v.format]++
		if h.Cost() > expensive {
			continue // TestExpensiveVectors
		}
		if !matches(t, h, v.password) {
			t.Errorf("%s by %s does not match %q", v.hash, v.library, v.password)
		}
		wrongs := []string{"x" + v.password, strings.ToUpper(v.password) + "x", "", "simplepass", "Simplepass"}
		if h.Cost() > 1000 { // what takes a millisecond and more is tried with one
			wrongs = wrongs[:1]
		}
		for _, wrong := range wrongs {
			if wrong != v.password && matches(t, h, wrong) {
				t.Errorf("%s of %q matches %q", v.hash, v.password, wrong)
			}
		}
	}
	t.Log(formats)
	if len(formats) != 16 {
		t.Errorf("vectors of %d formats", len(formats))
	}
}

// expensive is the cost of hashes that take some 50 ms and more each.
const expensive = 50_000

// What TestVectors leaves out.
func TestExpensiveVectors(t *testing.T) {
	testkit.Long(t)
	tried := 0
	for _, v := range vectors(t) {
		h := parse(t, v.hash)
		if h.Cost() <= expensive {
			continue
		}
		tried++
		if !matches(t, h, v.password) || matches(t, h, "x"+v.password) {
			t.Errorf("%s by %s: %q does not match, or another password does", v.hash, v.library, v.password)
		}
	}
	if tried < 10 {
		t.Errorf("%d vectors are expensive", tried)
	}
}

// BenchmarkVerify verifies what each library makes by default. Divide by the time for Argon2
// to see how good the estimates in cost.go are.
func BenchmarkVerify(b *testing.B) {
	seen := map[string]bool{}
	for _, v := range vectors(b) {
		h := parse(b, v.hash)
		name := v.format + " " + v.hash[:min(len(v.hash), 24)]
		if h.Cost() < 5000 || seen[name] {
			continue
		}
		seen[name] = true
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				matches(b, h, v.password)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(h.Cost()), "ns/cost")
		})
	}
}
