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

var timingAttempts = flag.Int("timing.attempts", 30, "how many attempts TestLoginTiming makes for each kind of login; 400 for a figure to quote")

// An unknown address and a wrong password take the same time, with the default hash. The
// attempts alternate, because the load of the machine has to fall on both.
func TestLoginTiming(t *testing.T) {
	testkit.Long(t)
	server := testkit.Start(t, func(c *cardea.Config) {
		d := cardea.Default()
		c.Argon2Memory, c.Argon2Time = d.Argon2Memory, d.Argon2Time
	})
	server.Register(t, "known@example.com")
	client := server.NewClient(t)
	try := func(email string) float64 {
		start := time.Now()
		client.Guess(email).Want(http.StatusUnauthorized)
		return float64(time.Since(start))
	}
	var known, unknown []float64
	for i := range *timingAttempts {
		first := func() { known = append(known, try("known@example.com")) }
		second := func() { unknown = append(unknown, try(fmt.Sprintf("unknown%d@example.com", i))) }
		if rand.IntN(2) == 0 {
			first, second = second, first
		}
		first()
		second()
	}
	p, ratio := mannWhitney(known, unknown), median(known)/median(unknown)
	t.Logf("%d attempts each: medians %v known, %v unknown (ratio %.3f), Mann-Whitney p = %.3f", *timingAttempts,
		time.Duration(median(known)), time.Duration(median(unknown)), ratio, p)
	// p is below this by chance once in a thousand runs, so the medians have to differ
	// too. Without a hash for unknown addresses they differ by a factor of 50.
	if p < 0.001 && (ratio < 0.95 || ratio > 1.05) {
		t.Error("the time reveals whether an address is known")
	}
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// mannWhitney returns the probability that two samples of the same distribution differ as
// much as these (two-sided rank-sum test, normal approximation; Mann and Whitney 1947).
// Ties do not matter with times in nanoseconds.
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
