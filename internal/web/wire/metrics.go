package wire

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts requests by the pattern of their route, because paths are the
// clients' choice. It is a [prometheus.Collector].
type Metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	unlogged *prometheus.CounterVec
	usual    map[string]usual // by pattern; not changed after the start
}

// usual are the metrics of a route's requests that succeed. Finding them by their
// labels would take a sixth of the time of GET /api/user.
type usual struct {
	method   string
	requests prometheus.Counter
	duration prometheus.Observer
}

func newMetrics() Metrics {
	return Metrics{
		usual: map[string]usual{},
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "cardea_http_requests_total",
			Help: "Requests answered, by method, route pattern and status.",
		}, []string{"method", "route", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "cardea_http_request_duration_seconds",
			Help:    "Time from the request's header to the end of its answer.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"method", "route"}),
		unlogged: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "cardea_http_unlogged_total",
			Help: "Refused requests without a line in the log, by status, because there were too many.",
		}, []string{"status"}),
	}
}

// Expect prepares the metrics of a route.
func (m *Metrics) Expect(method, pattern string) {
	m.usual[method+" "+pattern] = usual{
		method, m.requests.WithLabelValues(method, pattern, "200"), m.duration.WithLabelValues(method, pattern),
	}
}

func (m *Metrics) observe(r *http.Request, status int, took time.Duration) {
	if known := m.usual[r.Pattern]; status == http.StatusOK && r.Method == known.method {
		known.requests.Inc()
		known.duration.Observe(took.Seconds())
		return
	}
	method, route := knownMethod(r.Method), routeOf(r)
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Inc()
	m.duration.WithLabelValues(method, route).Observe(took.Seconds())
}

// Describe implements [prometheus.Collector].
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	m.requests.Describe(ch)
	m.duration.Describe(ch)
	m.unlogged.Describe(ch)
}

// Collect implements [prometheus.Collector].
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	m.requests.Collect(ch)
	m.duration.Collect(ch)
	m.unlogged.Collect(ch)
}
