package s3

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/cardea-accounts/cardea/internal/blob"
)

// Operations, as metrics name them.
const (
	opPut    = "put"
	opOpen   = "open"
	opRead   = "read" // the rest of a large picture, or a range
	opDelete = "delete"
	opList   = "list"
	opTime   = "time"
	opCheck  = "check"
)

// metrics counts and times the calls to a bucket.
type metrics struct {
	calls    *prometheus.CounterVec
	duration *prometheus.HistogramVec
	attempts prometheus.Counter
}

func newMetrics() metrics {
	return metrics{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "cardea_s3_calls_total",
			Help: "Calls to the S3 storage, by operation and result: ok, not_found, full, refused, unavailable, canceled.",
		}, []string{"operation", "result"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "cardea_s3_call_duration_seconds",
			Help:    "Duration of a call to the S3 storage, including all attempts.",
			Buckets: []float64{.0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"operation"}),
		attempts: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "cardea_s3_requests_total",
			Help: "HTTP requests to the S3 storage; more than calls if some were repeated.",
		}),
	}
}

// Describe implements [prometheus.Collector].
func (b *Bucket) Describe(ch chan<- *prometheus.Desc) {
	b.metrics.calls.Describe(ch)
	b.metrics.duration.Describe(ch)
	b.metrics.attempts.Describe(ch)
}

// Collect implements [prometheus.Collector].
func (b *Bucket) Collect(ch chan<- prometheus.Metric) {
	b.metrics.calls.Collect(ch)
	b.metrics.duration.Collect(ch)
	b.metrics.attempts.Collect(ch)
}

// call makes a call with the usual time limit, explains its error and counts it.
func (b *Bucket) call(ctx context.Context, operation string, f func(context.Context) error) error {
	timed, cancel := context.WithTimeout(ctx, b.callTime)
	defer cancel()
	return b.watch(ctx, operation, func() error { return f(timed) })
}

// watch makes a call without a time limit, explains its error and counts it.
func (b *Bucket) watch(ctx context.Context, operation string, f func() error) error {
	began := time.Now()
	err := b.count(ctx, operation, f())
	b.metrics.duration.WithLabelValues(operation).Observe(time.Since(began).Seconds())
	return err
}

// count explains the error of a call, nil after a success, and counts it.
func (b *Bucket) count(ctx context.Context, operation string, err error) error {
	err = b.explain(err)
	if ctx.Err() != nil && err != nil {
		err = errors.Join(ctx.Err(), err) // the caller has given up
	}
	b.noteFailure(ctx, err)
	b.metrics.calls.WithLabelValues(operation, resultOf(ctx, err)).Inc()
	return err
}

func resultOf(ctx context.Context, err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, blob.ErrNotFound):
		return "not_found"
	case errors.Is(err, blob.ErrFull):
		return "full"
	case errors.Is(err, ErrSetup):
		return "refused"
	case ctx.Err() != nil:
		return "canceled"
	}
	return "unavailable"
}
