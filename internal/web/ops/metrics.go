// Package ops has what the operators' listener shows: figures for Prometheus.
package ops

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/conns"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/outbox"
	"github.com/cardea-accounts/cardea/internal/run"
	"github.com/cardea-accounts/cardea/internal/session"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/workers"
)

// Sources are the owners whose figures are shown. All are required.
type Sources struct {
	Version  string
	DB       *store.DB
	Files    blob.Store // the figures of a bucket are shown
	Audit    *guard.Audit
	Sessions *session.Service
	Pools    map[string]func() workers.Load // by name
	Jobs     *run.Runner
	Outbox   *outbox.Outbox
	Space    *guard.Space // nil: no figures of disks
	Budget   *guard.Budget
	HTTP     prometheus.Collector // figures of requests
	Conns    *conns.Limit
}

// Metrics answers with figures in the text format of Prometheus. now is used to count
// rows at most once a minute.
func Metrics(s Sources, now func() time.Time) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		s.HTTP, &collector{Sources: s, now: now})
	if bucket, ok := s.Files.(prometheus.Collector); ok {
		registry.MustRegister(bucket)
	}
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

// collector turns the figures of the owners into metrics.
type collector struct {
	Sources
	now   func() time.Time
	rows  counts[store.Counts]
	queue counts[store.Queue]
}

// desc describes a metric.
func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("cardea_"+name, help, labels, nil)
}

var (
	buildInfo = desc("build_info", "Always 1; the label is the release.", "version")

	poolRunning = desc("pool_running", "CPU-heavy jobs running.", "pool")
	poolWaiting = desc("pool_waiting", "CPU-heavy jobs waiting for a worker.", "pool")
	poolSlots   = desc("pool_slots", "CPU-heavy jobs that can run at a time.", "pool")
	poolRefused = desc("pool_refused_total", "CPU-heavy jobs refused because too many waited.", "pool")
	poolPushed  = desc("pool_displaced_total", "Of the refused jobs, those that made room in the queue for others.", "pool")
	poolDone    = desc("pool_done_total", "CPU-heavy jobs done.", "pool")
	poolWaited  = desc("pool_wait_seconds_total", "How long those jobs waited for a worker.", "pool")

	users    = desc("users", "Accounts; counted at most once a minute.")
	sessions = desc("sessions", "Sessions, including expired ones not swept yet; counted at most once a minute.")
	pictures = desc("pictures", "Users with a picture; counted at most once a minute.")
	events   = desc("events_total", "Audit events: logins, uploads and so on.", "event")

	cacheEntries = desc("session_cache_entries", "Sessions kept in memory.")
	cacheHits    = desc("session_cache_hits_total", "Requests whose session was found in memory.")
	cacheMisses  = desc("session_cache_misses_total", "Requests whose session was read from the database.")
	flaskCookies = desc("flask_cookies_total", "Cookies of a Flask app that were taken in exchange for a session, or refused.", "result")
	jobFailures  = desc("job_failures_total", "Failures of background jobs, which are tried again; the log says why.", "job")

	mailWaiting   = desc("mail_waiting", "Messages in the outbox; counted at most once a minute.")
	mailOldest    = desc("mail_oldest_seconds", "Age of the oldest message that waits; counted at most once a minute.")
	mailSent      = desc("mail_sent_total", "Messages that the mail server has taken.")
	mailFailures  = desc("mail_failures_total", "Attempts to send a message that failed, and are made again.")
	mailGivenUp   = desc("mail_given_up_total", "Messages that will not be sent.")
	budgetMost    = desc("budget_used_ratio", "The largest part that a network or a user has used of its budget of cost in the present ten minutes.")
	budgetRefused = desc("budget_refused_total", "Requests refused because a network or a user has used up its budget of cost.")

	connsOpen    = desc("connections", "Open connections; of Unix sockets and of an app's own listener none are counted.")
	connsMost    = desc("connections_max", "How many connections may be open.")
	connsClosed  = desc("connections_closed_total", "Connections closed to make room for others, most of them while idle.")
	connsRefused = desc("connections_refused_total", "Connections refused, because too many were open from one network or in total.", "reason")
	diskFree     = desc("disk_free_bytes", "Bytes that may still be used on the disk of the database or of the pictures.", "disk")
	diskRefusing = desc("disk_refusing", "1 if registrations and uploads are refused because a disk is nearly full.")

	dbBytes    = desc("database_bytes", "Size of the database: of SQLite's file and its log, or of the tables of PostgreSQL.")
	dbOpen     = desc("database_connections", "Open connections to the database.", "pool")
	dbBusy     = desc("database_connections_busy", "Of these, those in use.", "pool")
	dbMost     = desc("database_connections_max", "How many connections to the database may be open.", "pool")
	dbWaits    = desc("database_write_waits_total", "Transactions that waited for another one.")
	dbWaited   = desc("database_write_wait_seconds_total", "How long they waited.")
	dbRetries  = desc("database_retries_total", "Transactions and reads that had to be repeated, because of a conflict with another or because the database did not answer. Each counts once, however often it was repeated.", "what")
	dbDoubtful = desc("database_doubtful_commits_total", "Commits without an answer, answered with 503: the change may have been made.")
)

// Describe implements [prometheus.Collector].
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		buildInfo, poolRunning, poolWaiting, poolSlots, poolRefused, poolPushed, poolDone, poolWaited, users, sessions, pictures,
		events, cacheEntries, cacheHits, cacheMisses, flaskCookies, jobFailures, budgetMost, budgetRefused, diskFree, diskRefusing,
		mailWaiting, mailOldest, mailSent, mailFailures, mailGivenUp,
		connsOpen, connsMost, connsClosed, connsRefused, dbBytes, dbOpen, dbBusy, dbMost,
		dbWaits, dbWaited, dbRetries, dbDoubtful,
	} {
		ch <- d
	}
}

// Collect implements [prometheus.Collector].
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	count := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	gauge(buildInfo, 1, c.Version)
	for name, figures := range c.Pools {
		load := figures()
		gauge(poolRunning, float64(load.Running), name)
		gauge(poolWaiting, float64(load.Waiting), name)
		gauge(poolSlots, float64(load.Slots), name)
		count(poolRefused, float64(load.Refused), name)
		count(poolPushed, float64(load.Displaced), name)
		count(poolDone, float64(load.Done), name)
		count(poolWaited, load.Waited.Seconds(), name)
	}
	if n := c.rows.get(c.now(), c.DB.Counts); n != nil {
		gauge(users, float64(n.Users))
		gauge(sessions, float64(n.Sessions))
		gauge(pictures, float64(n.Pictures))
	}
	for event, n := range c.Audit.Counts() {
		count(events, float64(n), string(event))
	}
	cache := c.Sessions.CacheStats()
	gauge(cacheEntries, float64(cache.Entries))
	count(cacheHits, float64(cache.Hits))
	count(cacheMisses, float64(cache.Misses))
	for result, n := range c.Sessions.FlaskFigures() {
		count(flaskCookies, float64(n), result)
	}
	for job, n := range c.Jobs.Failures() {
		count(jobFailures, float64(n), job)
	}
	mail := c.Outbox.Figures()
	count(mailSent, float64(mail.Sent))
	count(mailFailures, float64(mail.Failures))
	count(mailGivenUp, float64(mail.GivenUp))
	if q := c.queue.get(c.now(), c.DB.Queue); q != nil {
		gauge(mailWaiting, float64(q.Waiting))
		age := time.Duration(0)
		if !q.Oldest.IsZero() {
			age = c.now().Sub(q.Oldest)
		}
		gauge(mailOldest, age.Seconds())
	}
	budget := c.Budget.Stats()
	gauge(budgetMost, budget.Most)
	count(budgetRefused, float64(budget.Refused))
	connections := c.Conns.Figures()
	gauge(connsOpen, float64(connections.Open))
	gauge(connsMost, float64(connections.Most))
	count(connsClosed, float64(connections.Closed))
	count(connsRefused, float64(connections.RefusedNetwork), "network")
	count(connsRefused, float64(connections.RefusedTotal), "total")
	for disk, n := range c.Space.Free() {
		gauge(diskFree, float64(n), disk)
	}
	refusing := 0.0
	if c.Space.Admit() != nil {
		refusing = 1
	}
	gauge(diskRefusing, refusing)
	c.collectDatabase(gauge, count)
}

func (c *collector) collectDatabase(gauge, count func(*prometheus.Desc, float64, ...string)) {
	ctx, cancel := context.WithTimeout(context.Background(), countTimeout)
	defer cancel()
	db := c.DB.Stats(ctx)
	gauge(dbBytes, float64(db.Bytes))
	for name, pool := range map[string]store.Pool{"write": db.Write, "read": db.Read} {
		gauge(dbOpen, float64(pool.Open), name)
		gauge(dbBusy, float64(pool.Busy), name)
		gauge(dbMost, float64(pool.Most), name)
	}
	count(dbWaits, float64(db.WriteWaits))
	count(dbWaited, db.WriteWaited.Seconds())
	count(dbRetries, float64(db.Repeated), "transaction")
	count(dbRetries, float64(db.RepeatedRead), "read")
	count(dbDoubtful, float64(db.Doubtful))
}

// Counting reads whole indexes, so the last figures are kept for a while.
const (
	countInterval = time.Minute
	countTimeout  = 5 * time.Second
)

// counts are the last counted rows.
type counts[T any] struct {
	mu    sync.Mutex
	at    time.Time
	known *T // nil: the database could not be read
}

func (r *counts[T]) get(now time.Time, count func(context.Context) (T, error)) *T {
	r.mu.Lock()
	defer r.mu.Unlock()
	if age := now.Sub(r.at); age >= 0 && age < countInterval {
		return r.known
	}
	ctx, cancel := context.WithTimeout(context.Background(), countTimeout) // a collector is given none
	defer cancel()
	r.at, r.known = now, nil
	if n, err := count(ctx); err == nil {
		r.known = &n
	}
	return r.known
}
