package account

import (
	"slices"
	"testing"
)

// A stranger's User-Agent is parsed without a failure, whatever is in it.
func FuzzDevice(f *testing.F) {
	f.Add("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0 Safari/537.36")
	f.Add("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile/15E148 Safari/604.1")
	f.Add("((;;/")
	f.Fuzz(func(t *testing.T, header string) {
		browser, system := deviceOf(header)
		if browser != "" && !slices.Contains(browsers, browser) || system != "" && !slices.Contains(systems, system) {
			t.Errorf("a stranger's words: %q on %q", browser, system)
		}
	})
}
