package operate

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/store"
)

// wordedError reads as a sentence for the operator.
type wordedError struct {
	words string
	err   error
}

func (e *wordedError) Error() string { return e.words }
func (e *wordedError) Unwrap() error { return e.err }

// inWords turns a public error into a sentence for the operator: which input is wrong, or
// what failed.
func inWords(err error) error {
	if err == nil {
		return nil
	}
	if text, ok := strings.CutPrefix(err.Error(), store.ErrUnavailable.Error()+": "); ok {
		return &wordedError{text, err} // what follows says more
	}
	public, ok := errors.AsType[*guard.Error](err)
	_, isWorded := errors.AsType[*wordedError](err)
	switch {
	case !ok, isWorded:
		return err
	case len(public.Fields) > 0:
		var parts []string
		for _, field := range slices.Sorted(maps.Keys(public.Fields)) {
			parts = append(parts, field+": "+public.Fields[field])
		}
		return &wordedError{strings.Join(parts, " "), err}
	case public.Err != nil:
		return &wordedError{strings.TrimPrefix(public.Err.Error(), store.ErrUnavailable.Error()+": "), err}
	}
	return &wordedError{public.Message, err}
}

// tryLater says what to do about an outage of the picture storage.
func tryLater(err error) error {
	if errors.Is(err, media.ErrUnavailable) {
		return fmt.Errorf("%w; run the command again when the storage answers", err)
	}
	return err
}
