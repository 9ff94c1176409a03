package need_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit/need"
)

func TestMissing(t *testing.T) {
	const skipped = "skipped: POSTGRES IS NOT TESTED: no program; install it"
	const failed = "failed: postgres is required here, but absent: no program; install it"
	for _, test := range []struct{ ci, require, want string }{
		{"", "", skipped},
		{"false", "", skipped},
		{"", "s3,browser", skipped},
		{"", "postgresql", skipped},
		{"", "postgres", failed},
		{"", "s3, postgres", failed},
		{"true", "", failed},
		{"true", "s3", failed},
	} {
		t.Setenv("CI", test.ci)
		t.Setenv(need.Required, test.require)
		if got := outcome(t); got != test.want {
			t.Errorf("CI=%s %s=%s: %s, not %s", test.ci, need.Required, test.require, got, test.want)
		}
	}
}

// outcome is what Missing does to a test.
func outcome(t *testing.T) string {
	seen := &observed{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		need.Missing(seen, "postgres", "no program", "install it")
		seen.outcome = "returned"
	}()
	<-done
	return seen.outcome
}

// observed is a test that notes how it ends.
type observed struct {
	testing.TB
	outcome string
}

func (o *observed) Fatalf(format string, args ...any) { o.end("failed: ", format, args) }

func (o *observed) Skipf(format string, args ...any) { o.end("skipped: ", format, args) }

func (o *observed) end(how, format string, args []any) {
	o.outcome = how + fmt.Sprintf(format, args...)
	runtime.Goexit()
}
