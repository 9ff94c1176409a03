package guard_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/blob"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/workers"
)

// A failure below never reads as a mistake of the user, and keeps its cause for the log.
func TestPublicErrors(t *testing.T) {
	for _, c := range []struct {
		err  error
		kind guard.Kind
		code string
	}{
		{workers.ErrBusy, guard.KindUnavailable, "busy"},
		{store.ErrFull, guard.KindFull, "storage_full"},
		{blob.ErrFull, guard.KindFull, "storage_full"},
		{fmt.Errorf("%w: %w", guard.ErrUnavailable, blob.ErrFull), guard.KindFull, "storage_full"},
		{store.ErrUnavailable, guard.KindUnavailable, "unavailable"},
		{store.ErrDamaged, guard.KindUnavailable, "unavailable"},
		{store.ErrUncertain, guard.KindUnavailable, "unavailable"},
		{store.ErrPaused, guard.KindUnavailable, "unavailable"},
		{store.ErrMoved, guard.KindUnavailable, "unavailable"},
		{guard.ErrUnavailable, guard.KindUnavailable, "unavailable"},
		{context.Canceled, guard.KindUnavailable, "canceled"},
		{context.DeadlineExceeded, guard.KindUnavailable, "canceled"},
		{store.ErrNotFound, guard.KindInternal, "internal"}, // no rule said what it means
		{errors.New("unknown"), guard.KindInternal, "internal"},
	} {
		wrapped := fmt.Errorf("while working: %w", c.err)
		public, ok := errors.AsType[*guard.Error](guard.PublicError(wrapped))
		if !ok || public.Kind != c.kind || public.Code != c.code || !errors.Is(public, c.err) {
			t.Errorf("%v became %#v", c.err, public)
		}
		if ok && (public.Kind == guard.KindUnavailable) != (public.RetryAfter > 0) {
			t.Errorf("%v: try again after %v", c.err, public.RetryAfter)
		}
	}
	for _, err := range []error{nil, guard.ErrNotLoggedIn, fmt.Errorf("wrapped: %w", guard.ErrUserNotFound)} {
		if got := guard.PublicError(err); got != err { //nolint:errorlint // the very same
			t.Errorf("%v became %v", err, got)
		}
	}
}

// A client is not told that nothing was changed if that is not known.
func TestPublicErrorOfADoubtfulCommit(t *testing.T) {
	uncertain := guard.PublicError(fmt.Errorf("%w: %w", store.ErrUnavailable, store.ErrUncertain))
	if public, ok := errors.AsType[*guard.Error](uncertain); !ok || strings.Contains(public.Message, "Nothing was changed") {
		t.Errorf("%#v", uncertain)
	}
}

// The log says once what kind of failure it was.
func TestPublicErrorTexts(t *testing.T) {
	for want, err := range map[string]error{
		"unavailable: picture storage: no answer":       fmt.Errorf("%w: picture storage: no answer", guard.ErrUnavailable),
		"unavailable: store: database unavailable":      store.ErrUnavailable,
		"unavailable: while working: unavailable: late": fmt.Errorf("while working: %w: late", guard.ErrUnavailable),
	} {
		if got := guard.PublicError(err).Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
