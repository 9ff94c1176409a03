package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The server is asked where it listens, by flag or variable, and at an address of one's own.
func TestHealth(t *testing.T) {
	t.Parallel()
	_, port, err := net.SplitHostPort(freeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	here := "http://127.0.0.1:" + port
	data := t.TempDir()
	s := serve(t, data, nil, "--listen", ":"+port)
	proxied := []string{"HTTP_PROXY=http://127.0.0.1:1", "CARDEA_LISTEN=0.0.0.0:" + port, "CARDEA_DEV=on"} // other settings do not matter
	for _, p := range []*process{
		run(t, proxied, "health"),
		run(t, nil, "health", "--listen", "[::]:"+port),
		run(t, []string{"CARDEA_LISTEN=127.0.0.1:1"}, "health", "--listen", "127.0.0.1:"+port),
		run(t, []string{"CARDEA_LISTEN=127.0.0.1:1"}, "health", "--url", here+"/"),
	} {
		if out := p.wantDone(); strings.TrimSuffix(out, "/: Ready.\n") != here && out != here+": Ready.\n" || p.stderr.String() != "" {
			t.Errorf("%s: %s%s", p.cmd, out, &p.stderr)
		}
	}
	run(t, nil, "health", "--listen", "127.0.0.1:0").wantEnd(exitUsage, "--url")
	run(t, nil, "health", "--url", "127.0.0.1:"+port).wantEnd(exitUsage, "--url", "https://")
	run(t, nil, "health", "now").wantEnd(exitUsage, `"now"`)
	run(t, nil, "health", "--help").wantDone("Usage: cardea health [flags]", "Example", "--url address", "CARDEA_LISTEN")

	if err := os.Rename(filepath.Join(data, "pictures"), filepath.Join(data, "elsewhere")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the server is not ready", func() bool { return s.client().Get("/readyz").Status == http.StatusServiceUnavailable })
	run(t, nil, "health", "--url", here).wantEnd(exitFailed, here+": Not ready: storage cannot be used")
	s.stop()
	run(t, nil, "health", "--url", here).wantEnd(exitFailed, here+" does not answer: ", "connection refused")
}

// Other programs on the port are not taken for Cardea, and a redirect is not followed.
func TestHealthOfAnotherProgram(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.RedirectHandler("https://example.com/", http.StatusFound))
	defer other.Close()
	run(t, nil, "health", "--url", other.URL).wantEnd(exitFailed, other.URL+" is not Cardea", "302")
}
