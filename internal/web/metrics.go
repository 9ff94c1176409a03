package web

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts requests, by the pattern of their route: the paths themselves
// are the clients' to choose, and there is no end of them.
type metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	usual    map[string]usualMetrics // by pattern; made once
}

// usualMetrics are those of requests to a route that succeed, found without a
// look at their labels.
type usualMetrics struct {
	method   string
	requests prometheus.Counter
	duration prometheus.Observer
}

func newMetrics(routes []route) metrics {
	m := metrics{
		usual: map[string]usualMetrics{},
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "cardea_http_requests_total",
			Help: "Requests answered, by method, route pattern and status.",
		}, []string{"method", "route", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "cardea_http_request_duration_seconds",
			Help:    "Time from the request's header to the end of its answer.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"method", "route"}),
	}
	for _, route := range routes {
		if isSafeMethod(route.method) { // the others take far longer than this saves
			m.usual[route.method+" "+route.pattern] = usualMetrics{
				route.method,
				m.requests.WithLabelValues(route.method, route.pattern, "200"),
				m.duration.WithLabelValues(route.method, route.pattern),
			}
		}
	}
	return m
}

func (m *metrics) observe(r *http.Request, status int, took time.Duration) {
	if usual := m.usual[r.Pattern]; status == http.StatusOK && r.Method == usual.method {
		usual.requests.Inc()
		usual.duration.Observe(took.Seconds())
		return
	}
	method, route := knownMethod(r.Method), routeOf(r)
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Inc()
	m.duration.WithLabelValues(method, route).Observe(took.Seconds())
}

// Describe implements [prometheus.Collector].
func (s *Server) Describe(ch chan<- *prometheus.Desc) {
	s.metrics.requests.Describe(ch)
	s.metrics.duration.Describe(ch)
}

// Collect implements [prometheus.Collector].
func (s *Server) Collect(ch chan<- prometheus.Metric) {
	s.metrics.requests.Collect(ch)
	s.metrics.duration.Collect(ch)
}
