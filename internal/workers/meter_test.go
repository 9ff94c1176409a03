package workers

import (
	"context"
	"testing"
	"time"
)

// A meter adds up the CPU time of jobs. Their waits do not count.
func TestMeter(t *testing.T) {
	p := NewPool(Limits{Workers: 1, Waiting: 1, Wait: time.Minute})
	defer p.Close()
	meter := &Meter{Context: t.Context()}
	ctx, cancel := context.WithCancel(meter)
	defer cancel()
	work := func() {
		for began := time.Now(); time.Since(began) < 20*time.Millisecond; {
		}
	}
	for range 2 {
		if err := p.Do(ctx, Job{}, work); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Do(t.Context(), Job{}, work); err != nil { // for nobody
		t.Fatal(err)
	}
	if spent := meter.Spent(); spent <= 0 || spent > 50*time.Millisecond {
		t.Errorf("spent %v", spent)
	}
}
