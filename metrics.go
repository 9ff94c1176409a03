package cardea

import (
	"context"
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
		s.web.Metrics(), statsCollector{s})
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

// statsCollector turns the account service's figures into metrics.
type statsCollector struct{ server *Server }

// desc describes a metric.
func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("cardea_"+name, help, labels, nil)
}

var (
	buildInfo = desc("build_info", "Always 1; the label is the release.", "version")

	poolRunning = desc("pool_running", "Costly work being done.", "pool")
	poolWaiting = desc("pool_waiting", "Costly work waiting for its turn.", "pool")
	poolSlots   = desc("pool_slots", "Costly work that can be done at a time.", "pool")
	poolRefused = desc("pool_refused_total", "Costly work refused because too much waited.", "pool")
	poolPushed  = desc("pool_displaced_total", "Of what was refused, what had to make room in the queue for others.", "pool")
	poolDone    = desc("pool_done_total", "Costly work done.", "pool")
	poolWaited  = desc("pool_wait_seconds_total", "How long that had waited for its turn.", "pool")

	people   = desc("people", "Accounts; counted once a minute at most.")
	sessions = desc("sessions", "Sessions, also those that the sweep will remove; counted once a minute at most.")
	pictures = desc("pictures", "People with a picture; counted once a minute at most.")
	events   = desc("events_total", "Events as in the audit table: logins, uploads and so on.", "event")

	cacheEntries = desc("session_cache_entries", "Sessions kept in memory.")
	cacheHits    = desc("session_cache_hits_total", "Requests whose session was found in memory.")
	cacheMisses  = desc("session_cache_misses_total", "Requests whose session was looked up in the database.")
	sweeps       = desc("sweep_failures_total", "Parts of a sweep that failed, to be tried again; the log says why.")

	dbBytes   = desc("database_bytes", "Size of the database file and its write-ahead log.")
	dbReaders = desc("database_readers_busy", "Connections that read at this moment.")
	dbWaits   = desc("database_write_waits_total", "Transactions that had to wait for another.")
	dbWaited  = desc("database_write_wait_seconds_total", "How long they waited.")
)

// Describe implements [prometheus.Collector].
func (statsCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		buildInfo, poolRunning, poolWaiting, poolSlots, poolRefused, poolPushed, poolDone, poolWaited,
		people, sessions, pictures, events, cacheEntries, cacheHits, cacheMisses, sweeps, dbBytes, dbReaders, dbWaits, dbWaited,
	} {
		ch <- d
	}
}

// Collect implements [prometheus.Collector].
func (c statsCollector) Collect(ch chan<- prometheus.Metric) {
	stats := c.server.accounts.Stats(context.Background()) // a collector is given none
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	count := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	for name, load := range map[string]workers.Load{"hashing": stats.Hashing, "decoding": stats.Decoding, "drawing": stats.Drawing} {
		gauge(poolRunning, float64(load.Running), name)
		gauge(poolWaiting, float64(load.Waiting), name)
		gauge(poolSlots, float64(load.Slots), name)
		count(poolRefused, float64(load.Refused), name)
		count(poolPushed, float64(load.Displaced), name)
		count(poolDone, float64(load.Done), name)
		count(poolWaited, load.Waited.Seconds(), name)
	}
	gauge(buildInfo, 1, Version)
	if n := stats.Counts; n != nil {
		gauge(people, float64(n.People))
		gauge(sessions, float64(n.Sessions))
		gauge(pictures, float64(n.Pictures))
	}
	gauge(cacheEntries, float64(stats.Cache.Entries))
	count(cacheHits, float64(stats.Cache.Hits))
	count(cacheMisses, float64(stats.Cache.Misses))
	count(sweeps, float64(stats.SweepFailures))
	for event, n := range stats.Events {
		count(events, float64(n), string(event))
	}
	gauge(dbBytes, float64(stats.Database.Bytes))
	gauge(dbReaders, float64(stats.Database.ReadersBusy))
	count(dbWaits, float64(stats.Database.WriteWaits))
	count(dbWaited, stats.Database.WriteWaited.Seconds())
}
