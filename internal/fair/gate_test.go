package fair_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/cardea-accounts/cardea/internal/fair"
)

// A gate lets one caller through at a time. A caller with one ticket comes before one
// with many.
func TestGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g fair.Gate
		leave, err := g.Enter(t.Context(), fair.Ticket{})
		if err != nil {
			t.Fatal(err)
		}
		var order []string
		for _, name := range []string{"eve", "eve", "eve", "ada"} {
			go func() {
				leave, err := g.Enter(t.Context(), fair.Ticket{Flows: []fair.Flow{flow(name, 1)}})
				if err != nil {
					t.Error(err)
				}
				order = append(order, name) // the race detector would see two at once
				leave()
			}()
			synctest.Wait()
		}
		leave()
		synctest.Wait()
		if want := []string{"eve", "ada", "eve", "eve"}; !slices.Equal(order, want) {
			t.Errorf("order %v, want %v", order, want)
		}
	})
}

// A caller that gives up leaves the gate open for the next.
func TestGateGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g fair.Gate
		leave, _ := g.Enter(t.Context(), fair.Ticket{})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { _, err := g.Enter(ctx, fair.Ticket{}); done <- err }()
		synctest.Wait()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		leave()
		leave, err := g.Enter(t.Context(), fair.Ticket{})
		if err != nil {
			t.Fatal(err)
		}
		leave()
	})
}
