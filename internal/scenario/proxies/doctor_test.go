package proxies

import (
	"testing"
	"time"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/doctor"
	"github.com/cardea-accounts/cardea/internal/settings"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// isHealthy has the doctor visit a server behind a proxy as documented: nothing is wrong.
func isHealthy(t *testing.T, p *proxy, server *testkit.Server, page string) {
	t.Helper()
	config := cardea.Default()
	asDocumented(t, page)(&config)
	address, err := settings.ParsePublicURL(config.PublicURL)
	if err != nil {
		t.Fatal(err)
	}
	findings := doctor.Run(t.Context(), doctor.Options{
		URL: address, Settings: config, Data: server.Operate(t), Transport: p.browser().Transport, Now: time.Now,
	})
	if !doctor.IsHealthy(findings) || len(findings) < 10 {
		t.Errorf("the doctor says %+v", findings)
	}
}
