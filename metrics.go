package cardea

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/cardea-accounts/cardea/internal/workers"
)

// Metrics answers with figures about the server in the text format of Prometheus.
// They are for operators: mount it where strangers do not get.
func (s *Server) Metrics() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		s.web, statsCollector{s})
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

// statsCollector turns the account service's figures into metrics.
type statsCollector struct{ server *Server }

var (
	poolRunning = prometheus.NewDesc("cardea_pool_running", "Costly work being done.", []string{"pool"}, nil)
	poolWaiting = prometheus.NewDesc("cardea_pool_waiting", "Costly work waiting for its turn.", []string{"pool"}, nil)
	poolSlots   = prometheus.NewDesc("cardea_pool_slots", "Costly work that can be done at a time.", []string{"pool"}, nil)
	poolRefused = prometheus.NewDesc("cardea_pool_refused_total", "Costly work refused because too much waited.", []string{"pool"}, nil)
	poolPushed  = prometheus.NewDesc("cardea_pool_displaced_total", "Of what was refused, what had to make room in the queue for others.", []string{"pool"}, nil)
	poolDone    = prometheus.NewDesc("cardea_pool_done_total", "Costly work done.", []string{"pool"}, nil)
	poolWaited  = prometheus.NewDesc("cardea_pool_wait_seconds_total", "How long that had waited for its turn.", []string{"pool"}, nil)
	events      = prometheus.NewDesc("cardea_events_total", "Events as in the audit table: logins, uploads and so on.", []string{"event"}, nil)
	dbBytes     = prometheus.NewDesc("cardea_database_bytes", "Size of the database file and its write-ahead log.", nil, nil)
	dbReaders   = prometheus.NewDesc("cardea_database_readers_busy", "Connections that read at this moment.", nil, nil)
	dbWaits     = prometheus.NewDesc("cardea_database_write_waits_total", "Transactions that had to wait for another.", nil, nil)
	dbWaited    = prometheus.NewDesc("cardea_database_write_wait_seconds_total", "How long they waited.", nil, nil)
)

// Describe implements [prometheus.Collector].
func (statsCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{poolRunning, poolWaiting, poolSlots, poolRefused, poolPushed, poolDone, poolWaited, events, dbBytes, dbReaders, dbWaits, dbWaited} {
		ch <- d
	}
}

// Collect implements [prometheus.Collector].
func (c statsCollector) Collect(ch chan<- prometheus.Metric) {
	stats := c.server.accounts.Stats()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	count := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	for name, load := range map[string]workers.Load{"hashing": stats.Hashing, "decoding": stats.Decoding} {
		gauge(poolRunning, float64(load.Running), name)
		gauge(poolWaiting, float64(load.Waiting), name)
		gauge(poolSlots, float64(load.Slots), name)
		count(poolRefused, float64(load.Refused), name)
		count(poolPushed, float64(load.Displaced), name)
		count(poolDone, float64(load.Done), name)
		count(poolWaited, load.Waited.Seconds(), name)
	}
	for event, n := range stats.Events {
		count(events, float64(n), string(event))
	}
	gauge(dbBytes, float64(stats.Database.Bytes))
	gauge(dbReaders, float64(stats.Database.ReadersBusy))
	count(dbWaits, float64(stats.Database.WriteWaits))
	count(dbWaited, stats.Database.WriteWaited.Seconds())
}
