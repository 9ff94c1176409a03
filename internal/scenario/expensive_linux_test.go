package scenario

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// cpuTime returns the CPU time of this process.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// No call costs a stranger or a user little and the server much, with the largest inputs
// that pass: 64 KiB of JSON, and headers of 30 KiB. The hash and the pictures of the test
// are as cheap as possible; workers account for theirs.
func TestNoCallIsExpensive(t *testing.T) {
	if testing.Short() {
		t.Skip("measures")
	}
	server := testkit.Start(t)
	ada := server.Register(t, "ada@example.com")
	for range 100 {
		server.Login(t, "ada@example.com")
	}
	const (
		each = 20
		most = 2 * time.Millisecond // of CPU, on a slow machine
		out  = 64 << 10
	)
	accents := strings.Repeat("e\u0301\u0323", 10_000)    // composed by NFC
	folded := strings.Repeat("\u0130\ufb03\u1e9e", 6_000) // longer when folded
	dots := strings.Repeat("xn--a.", 10_000)
	path := strings.Repeat("/a", 10_000)
	for what, r := range map[string]struct {
		method, path, body string
		header             string // a value for all headers that are read
		mayBeLarge         bool
	}{
		"login, accents":       {method: "POST", path: "/api/login", body: credentials(accents, "wrongpass")},
		"login, folded":        {method: "POST", path: "/api/login", body: credentials(folded, "wrongpass")},
		"login, labels":        {method: "POST", path: "/api/login", body: credentials("a@"+dots, "wrongpass")},
		"login, password":      {method: "POST", path: "/api/login", body: credentials("a@example.com", strings.Repeat("x", 60_000))},
		"register, accents":    {method: "POST", path: "/api/register", body: registration(accents, accents, accents[:20_000])},
		"register, folded":     {method: "POST", path: "/api/register", body: registration(folded, "a@"+folded, "simplepass")},
		"register, labels":     {method: "POST", path: "/api/register", body: registration("Ada", "a@"+dots, "simplepass")},
		"rename":               {method: "PATCH", path: "/api/user", body: `{"name":"` + accents + `"}`},
		"password":             {method: "POST", path: "/api/password", body: `{"current_password":"` + folded + `","new_password":"` + accents[:20_000] + `"}`},
		"nested JSON":          {method: "POST", path: "/api/login", body: strings.Repeat(`{"a":`, 12_000)},
		"many keys":            {method: "POST", path: "/api/login", body: manyKeys(5_000)},
		"user":                 {method: "GET", path: "/api/user"},
		"home":                 {method: "GET", path: "/"},
		"sessions":             {method: "GET", path: "/api/sessions"},
		"session, long id":     {method: "DELETE", path: "/api/sessions/" + strings.Repeat("a", 10_000)},
		"long path":            {method: "GET", path: path},
		"long file name":       {method: "GET", path: "/uploads/a_" + strings.Repeat("%C3%A9", 4_000)},
		"avatar":               {method: "GET", path: "/users/" + strings.Repeat("a", 10_000) + "/avatar"},
		"long query":           {method: "GET", path: "/users/x/avatar?" + strings.Repeat("size=64&", 3_000)},
		"contract":             {method: "GET", path: "/openapi.json", mayBeLarge: true},
		"long headers":         {method: "GET", path: "/api/user", header: strings.Repeat("a", 7_000)},
		"headers with commas":  {method: "GET", path: "/", header: strings.Repeat("a;q=0.5,", 800)},
		"headers with ranges":  {method: "GET", path: "/openapi.json", header: "bytes=" + strings.Repeat("0-1,", 1_500), mayBeLarge: true},
		"preflight of commas":  {method: "OPTIONS", path: "/api/user", header: strings.Repeat("x-a,", 1_600)},
		"cookies":              {method: "GET", path: "/api/user", header: strings.Repeat("session=aaaaaaaaaaaaaaaaaaaaaaaaaa; ", 190)},
		"logout, many cookies": {method: "POST", path: "/api/logout", header: strings.Repeat("session=aaaaaaaaaaaaaaaaaaaaaaaaaa; ", 190)},
	} {
		t.Run(what, func(t *testing.T) {
			request := func() (bytes int) {
				req := httptest.NewRequestWithContext(t.Context(), r.method, r.path, strings.NewReader(r.body))
				req.Header.Set("Content-Type", "application/json")
				for _, name := range []string{"Accept", "Origin", "Range", "Access-Control-Request-Headers"} {
					if r.header != "" {
						req.Header.Set(name, r.header)
					}
				}
				req.Header.Set("Cookie", "session="+ada.Cookie)
				if strings.HasPrefix(r.header, "session=") {
					req.Header.Set("Cookie", r.header)
				}
				answer := httptest.NewRecorder()
				server.ServeHTTP(answer, req)
				return answer.Body.Len()
			}
			request() // nothing is known yet
			least := time.Hour
			for range 3 { // the least disturbed
				before := cpuTime(t)
				for range each {
					if n := request(); n > out && !r.mayBeLarge {
						t.Fatalf("%d bytes", n)
					}
				}
				least = min(least, (cpuTime(t)-before)/each)
			}
			if least > most {
				t.Errorf("%v of CPU", least)
			}
			t.Log(least)
		})
	}
}

func credentials(email, password string) string {
	return fmt.Sprintf(`{"email":%q,"password":%q}`, email, password)
}

func registration(name, email, password string) string {
	return fmt.Sprintf(`{"name":%q,"email":%q,"password":%q}`, name, email, password)
}

func manyKeys(n int) string {
	var b strings.Builder
	b.WriteString(`{"email":"a@example.com","password":"wrongpass"`)
	for i := range n {
		fmt.Fprintf(&b, `,"k%d":0`, i)
	}
	return b.String() + "}"
}
