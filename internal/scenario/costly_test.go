package scenario

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// BenchmarkCostlyRequests measures the requests of strangers that cost most. No hash takes
// part, except the one of a login. docs/security.md states what the costliest take.
func BenchmarkCostlyRequests(b *testing.B) {
	server := testkit.Start(b, func(c *cardea.Config) { c.AllowedOrigins = []string{"https://app.example.com"} })
	ada := server.Register(b, "ada@example.com")
	id := ada.User().ID
	picture := ada.Upload("a.png", testkit.PNG(5, 5)).PicturePath()
	asJSON := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			b.Fatal(err)
		}
		return string(text)
	}
	login := func(email, password string) string { return asJSON(testkit.Credentials(email, password)) }
	var keys strings.Builder
	for i := range 990 {
		fmt.Fprintf(&keys, `"%04x":0,`, i)
	}
	full := func(s string) string { return strings.Repeat(s, 30_000/len(s)) }
	long := full("a")
	address := strings.Repeat("\u1e9b\u0323\u0315\u0300\u05ae\u0062", 254/13) + "@"
	for what, c := range map[string]struct{ method, path, header, value, body string }{
		"nothing":                     {"GET", "/api/user", "", "", ""},
		"a login":                     {"POST", "/api/login", "", "", login("eve@example.com", "wrongpass")},
		"address of a login":          {"POST", "/api/login", "", "", login(costly, "wrongpass")},
		"longest address of one":      {"POST", "/api/login", "", "", login(address, "wrongpass")},
		"password of a login":         {"POST", "/api/login", "", "", login("ada@example.com", costly)},
		"name of a registration":      {"POST", "/api/register", "", "", asJSON(testkit.Registration(costly, "eve@example.com", "simplepass"))},
		"longest name of one":         {"POST", "/api/register", "", "", asJSON(testkit.Registration(costly[:1990], "e", "simplepass"))},
		"password of one":             {"POST", "/api/register", "", "", asJSON(testkit.Registration("Eve", "eve@example.com", costly))},
		"longest password of one":     {"POST", "/api/register", "", "", asJSON(testkit.Registration("", address, costly[:1020]))},
		"names in JSON":               {"POST", "/api/register", "", "", "{" + keys.String() + `"email":"","password":""}`},
		"depth of JSON":               {"POST", "/api/register", "", "", `{"x":` + strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000) + `,"email":"","password":""}`},
		"objects in JSON":             {"POST", "/api/register", "", "", `{"x":[` + strings.Repeat(`{"a":{}},`, 7_000) + `0],"email":"","password":""}`},
		"escapes in JSON":             {"POST", "/api/register", "", "", `{"x":"` + strings.Repeat(`\u0041`, 10_000) + `","email":"","password":""}`},
		"parameters of a type":        {"POST", "/api/register", "Content-Type", "application/json" + full(";a*0=x;b*0=y"), "{}"},
		"id of a user":                {"GET", "/users/" + long + "/avatar", "", "", ""},
		"name of a picture":           {"GET", "/uploads/a_" + long, "", "", ""},
		"parts of a path":             {"GET", full("/a"), "", "", ""},
		"dots of a path":              {"GET", full("/..a"), "", "", ""},
		"query":                       {"GET", picture + "?" + full("a&"), "", "", ""},
		"longest query":               {"GET", picture + "?" + full("%61&")[:2000], "", "", ""},
		"user agent":                  {"POST", "/api/login", "User-Agent", costly[:30_000], login("eve@example.com", "wrongpass")},
		"session cookies":             {"GET", "/api/user", "Cookie", full("session=ABCDEFGHIJKLMNOPQRSTUVWXYZ;"), ""},
		"other session cookies":       {"GET", "/api/user", "Cookie", full("session=x;"), ""},
		"session cookies of a login":  {"POST", "/api/login", "Cookie", full("session=ABCDEFGHIJKLMNOPQRSTUVWXYZ;"), login("eve@example.com", "wrongpass")},
		"session cookies of a logout": {"POST", "/api/logout", "Cookie", full("session=ABCDEFGHIJKLMNOPQRSTUVWXYZ;"), ""},
		"device cookies":              {"POST", "/api/login", "Cookie", full("session-device=" + id + ".b." + strings.Repeat("A", 43) + ";"), login("ada@example.com", "wrongpass")},
		"types to prefer":             {"GET", "/", "Accept", full("a;q=1,"), ""},
		"parts of a picture":          {"GET", picture, "Range", "bytes=" + full("0-0,"), ""},
		"tags of a picture":           {"GET", picture, "If-None-Match", full(`"a",`), ""},
		"origin":                      {"POST", "/api/login", "Origin", "http://" + full("ü."), "{}"},
		"longest origin":              {"POST", "/api/login", "Origin", "http://" + costly[:1000], "{}"},
		"host":                        {"GET", "/api/user", "Host", costly[:1000], ""},
		"host with an accent":         {"GET", "/api/user", "Host", strings.Repeat("ü.", 30), ""},
		"headers of a preflight":      {"OPTIONS", "/api/user", "Access-Control-Request-Headers", full("pragma,"), ""},
		"codings":                     {"POST", "/api/register", "Content-Encoding", full("identity,"), "{}"},
	} {
		b.Run(what, func(b *testing.B) {
			begin := cpuTime(b)
			defer func() { b.ReportMetric(float64((cpuTime(b)-begin).Microseconds())/float64(b.N), "cpu-µs/op") }()
			for b.Loop() {
				r := httptest.NewRequestWithContext(b.Context(), c.method, "/", strings.NewReader(c.body))
				r.URL.Path, r.URL.RawQuery, _ = strings.Cut(c.path, "?")
				r.Header.Set("Content-Type", "application/json")
				switch c.header {
				case "":
				case "Host":
					r.Host = c.value
				case "Access-Control-Request-Headers":
					r.Header.Set("Origin", "https://app.example.com")
					r.Header.Set("Access-Control-Request-Method", "POST")
					fallthrough
				default:
					r.Header.Set(c.header, c.value)
				}
				server.ServeHTTP(&nothing{header: http.Header{}}, r)
			}
		})
	}
}

// cpuTime is what the process has used of all cores.
func cpuTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
