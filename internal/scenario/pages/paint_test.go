package pages

import (
	"slices"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/browser"
)

// BenchmarkFirstPaint opens the login page in a browser that has never been there. It reports the
// median milliseconds from the start of the navigation to the first paint.
func BenchmarkFirstPaint(b *testing.B) {
	server := testkit.Start(b)
	var times []float64
	for b.Loop() {
		tab := browser.Open(b)
		tab.Go(server.URL + "/login")
		tab.Await(`performance.getEntriesByName("first-paint").length === 1`)
		times = append(times, browser.Evaluate[float64](tab, `performance.getEntriesByName("first-paint")[0].startTime`))
	}
	slices.Sort(times)
	b.ReportMetric(times[len(times)/2], "ms/paint")
}
