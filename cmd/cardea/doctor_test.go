package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// The doctor visits a server by its URL, with the same settings.
func TestDoctor(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	s := serve(t, data, nil)
	doctor := func(env []string, args ...string) *process {
		return run(t, env, append([]string{"doctor", "--data", data}, args...)...)
	}
	doctor(nil, "--url", s.url).wantDone(
		"ok     address     Cardea answers at "+s.url, "ok     proxy       the server sees this machine at 127.0.0.1",
		"note   mail", "change: CARDEA_SMTP_URL=", "ok     data", "Nothing is wrong.")
	wantWrong(t, doctor([]string{"CARDEA_PUBLIC_URL=" + s.url, "CARDEA_COOKIE_NAME=sid"}),
		"WRONG  cookie      the cookie is named session, and by the settings here sid\n                   change: run cardea doctor with the settings of the server\n")

	wantWrong(t, doctor(nil, "--url", "https"+strings.TrimPrefix(s.url, "http")), "WRONG  address", "speaks http there, and not https")

	var said struct {
		OK     bool
		URL    string
		Checks []struct{ Check, State, Saw, Change string }
	}
	p := doctor(nil, "--url", s.url, "--cookie-name", "sid", "--json")
	wantWrong(t, p)
	if err := json.Unmarshal([]byte(p.stdout.String()), &said); err != nil || said.OK || said.URL != s.url || len(said.Checks) < 10 {
		t.Errorf("%v in %s", err, p.stdout.String())
	}
	s.stop()
	wantWrong(t, doctor(nil, "--url", s.url), "WRONG  address", "connection refused", "ok     data")
	wantWrong(t, doctor(nil, "--url", s.url, "--data", data+"/none"), "WRONG  data", "there is no Cardea data here")
}

// wantWrong fails the test unless the doctor found something wrong and said so.
func wantWrong(t *testing.T, p *process, words ...string) {
	t.Helper()
	if code := p.wait(); code != exitFailed || p.stderr.String() != "" {
		t.Errorf("%s: exit code %d, stderr %s", p.cmd, code, p.stderr.String())
	}
	for _, word := range words {
		if !strings.Contains(p.stdout.String(), word) {
			t.Errorf("%s does not say %q:\n%s", p.cmd, word, p.stdout.String())
		}
	}
}

func TestDoctorNeedsAURL(t *testing.T) {
	t.Parallel()
	run(t, nil, "doctor").wantEnd(exitUsage, "cardea doctor needs --url")
	run(t, nil, "doctor", "--url", "accounts.example.com").wantEnd(exitUsage, `--url: "accounts.example.com" is not allowed`)
	run(t, nil, "doctor", "--cookie-samesite", "none").wantEnd(exitUsage, "--cookie-samesite")
}
