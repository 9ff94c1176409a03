package main

import (
	"fmt"
	"slices"
	"strconv"
)

// median returns the median, because one bad round on a noisy machine should not count.
func median[T ~float64 | ~int64](values []T) T {
	n := len(values)
	if n == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// ratios divides round by round, so a slow round does not change the ratio.
func ratios(values, to []float64) []float64 {
	out := make([]float64, len(values))
	for i := range values {
		out[i] = values[i] / to[i]
	}
	return out
}

// number formats a figure with about three significant digits.
func number(v float64) string {
	switch {
	case v >= 1000:
		return count(int(v + 0.5))
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

// count formats an integer with commas.
func count(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%s,%03d", count(n/1000), n%1000)
}
