package settings_test

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/settings"
)

func TestLimits(t *testing.T) {
	defaults := settings.Limits{"account": {10, 10 * time.Minute}, "address": {100, 10 * time.Minute}, "register": {100, time.Hour}}
	with := func(name string, l settings.Limit) settings.Limits {
		limits := maps.Clone(defaults)
		limits[name] = l
		return limits
	}
	for text, want := range map[string]settings.Limits{
		"":                            defaults,
		settings.DefaultLimits:        defaults,
		"account=20/1h":               with("account", settings.Limit{Count: 20, Window: time.Hour}),
		" register=5/1d ":             with("register", settings.Limit{Count: 5, Window: settings.Day}),
		"address=1/1s,account=10/10m": with("address", settings.Limit{Count: 1, Window: time.Second}),
	} {
		if got, err := settings.ParseLimits(text); err != nil || !maps.Equal(got, want) {
			t.Errorf("%q: %v (%v), want %v", text, got, err, want)
		}
	}
}

// The error names the limit at fault, not the whole list.
func TestLimitsRefused(t *testing.T) {
	for _, c := range []struct{ text, value, allowed string }{
		{"account=20/1h,login=5/1h", "login=5/1h", "the limits are account, address, register"},
		{"account=0/1h", "account=0/1h", "1 to 1000000 attempts in a time from 1s to 1d, such as account=10/10m"},
		{"account=-1/1h", "account=-1/1h", "1 to 1000000"},
		{"account=1000001/1h", "account=1000001/1h", "1 to 1000000"},
		{"account=10/25h", "account=10/25h", "from 1s to 1d"},
		{"account=10/0s", "account=10/0s", "from 1s to 1d"},
		{"account=10/-1h", "account=10/-1h", "from 1s to 1d"},
		{"account=10", "account=10", "such as account=10/10m"},
		{"account=10/10", "account=10/10", "such as account=10/10m"},
		{"account", "account", "such as account=10/10m"},
		{"10/10m", "10/10m", "such as account=10/10m"},
		{"account=10/10m,", "account=10/10m,", "remove the comma at the end"},
		{"account=10/10m, account=5/10m", "account=5/10m", "account is there twice"},
	} {
		_, err := settings.ParseLimits(c.text)
		e, ok := errors.AsType[*settings.Error](err)
		if !ok || e.Value != c.value || !strings.Contains(e.Allowed, c.allowed) {
			t.Errorf("%q: %v, want the value %q and %q", c.text, err, c.value, c.allowed)
		}
	}
}
