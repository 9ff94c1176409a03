package scenario

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

var timingTries = flag.Int("timing.tries", 30, "how often TestLoginTiming tries each kind of login; 400 for a figure to quote")

// An unknown address and a wrong password take the same time: with the default
// hash, tried in turns, so that whatever else the machine does falls on both.
func TestLoginTiming(t *testing.T) {
	server := testkit.Start(t, func(c *cardea.Config) {
		d := cardea.Default()
		c.Argon2Memory, c.Argon2Time = d.Argon2Memory, d.Argon2Time
	})
	server.Register(t, "known@example.com")
	client := server.NewClient(t)
	try := func(email string) float64 {
		start := time.Now()
		client.Post("/api/login", testkit.Credentials(email, "wrongpass")).Want(http.StatusUnauthorized)
		return float64(time.Since(start))
	}
	var known, unknown []float64
	for i := range *timingTries {
		first := func() { known = append(known, try("known@example.com")) }
		second := func() { unknown = append(unknown, try(fmt.Sprintf("unknown%d@example.com", i))) }
		if rand.IntN(2) == 0 {
			first, second = second, first
		}
		first()
		second()
	}
	p, ratio := mannWhitney(known, unknown), median(known)/median(unknown)
	t.Logf("%d tries each: medians %v known, %v unknown (ratio %.3f), Mann-Whitney p = %.3f", *timingTries,
		time.Duration(median(known)), time.Duration(median(unknown)), ratio, p)
	// Chance alone brings p below this once in a thousand runs; so the medians
	// have to be apart, too. Without a hash for unknown addresses they are by 50.
	if p < 0.001 && (ratio < 0.95 || ratio > 1.05) {
		t.Error("the time tells whether an address is known")
	}
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// mannWhitney is the probability that two samples of the same distribution differ
// as much as these (two-sided rank-sum test, normal approximation; Mann and
// Whitney 1947). Ties are of no account with times in nanoseconds.
func mannWhitney(a, b []float64) float64 {
	var u float64
	for _, x := range a {
		for _, y := range b {
			if x > y {
				u++
			} else if x == y {
				u += 0.5
			}
		}
	}
	n, m := float64(len(a)), float64(len(b))
	z := (u - n*m/2) / math.Sqrt(n*m*(n+m+1)/12)
	return math.Erfc(math.Abs(z) / math.Sqrt2)
}
