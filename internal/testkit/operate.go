package testkit

import (
	"log/slog"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/operate"
	"github.com/cardea-accounts/cardea/internal/password"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

// Operate opens the server's data folder as an operator's command does, until the test ends.
func (s *Server) Operate(t testing.TB) *operate.Data {
	t.Helper()
	data, err := operate.Open(t.Context(), house.Place(t, s.Data, s.Storage), operate.Options{
		Argon2: password.Params{Memory: 64, Time: 1}, SessionIdle: time.Hour, SessionMax: time.Hour,
		Now: s.Clock.Now, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := data.Close(); err != nil {
			t.Error(err)
		}
	})
	return data
}
