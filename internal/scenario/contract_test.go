package scenario

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/openapi"
	"github.com/cardea-accounts/cardea/internal/testkit"
)

// The page /docs describes every call, and works under a strict CSP.
func TestDocsPage(t *testing.T) {
	server := testkit.Start(t)
	client := server.NewClient(t)
	page := client.Get("/docs").Want(200)
	if got := page.Header.Get("Content-Security-Policy"); strings.Contains(got, "unsafe") || !strings.Contains(got, "default-src 'none'") ||
		strings.Contains(got, "script") {
		t.Errorf("CSP %q", got)
	}
	html := string(page.Body)
	for _, no := range []string{"<script", "<style", "style=", "onclick", "//fonts", "https://", "ZgotmplZ", "<no value>", ".invalid"} {
		if strings.Contains(html, no) {
			t.Errorf("the page has %q", no)
		}
	}
	for _, tag := range openapi.Load().Tags {
		for _, o := range openapi.Load().Operations(tag.Name) {
			if !strings.Contains(html, `id="`+o.ID+`"`) || !strings.Contains(html, "<code>"+o.Path+"</code>") {
				t.Errorf("the page does not have %s %s", o.Method, o.Path)
			}
		}
	}
	for _, link := range regexp.MustCompile(`(?:href|src)="([^"]*)"`).FindAllStringSubmatch(html, -1) {
		if id, inside := strings.CutPrefix(link[1], "#"); inside {
			if !strings.Contains(html, `id="`+id+`"`) {
				t.Errorf("%s leads nowhere", link[1])
			}
			continue
		}
		client.Get("/" + link[1]).Want(200)
	}
	if !strings.Contains(html, "-X POST "+server.URL+"/api/register") {
		t.Error("the curl lines do not name this server")
	}
}

// Both forms of the contract are sent again only when they have changed.
func TestContractIsRevalidated(t *testing.T) {
	server := testkit.Start(t)
	for _, path := range []string{"/openapi.json", "/docs"} {
		client := server.NewClient(t)
		first := client.Get(path).Want(200)
		tag := first.Header.Get("ETag")
		for known, status := range map[string]int{tag: 304, "W/" + tag: 304, `"x", ` + tag: 304, "*": 304, `"x"`: 200, "": 200} {
			client.Header.Set("If-None-Match", known)
			if a := client.Get(path); a.Status != status || a.Header.Get("ETag") != tag || status == 304 && len(a.Body) > 0 {
				t.Errorf("%s, If-None-Match %s: status %d, want %d; headers %v", path, known, a.Status, status, a.Header)
			}
		}
	}
	visitor := server.NewClient(t) // the page consists of parts
	page := visitor.Get("/docs").Body
	at := strings.Index(string(page), server.URL)
	visitor.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", at-10, at+200))
	if part := visitor.Get("/docs").Want(206).Body; string(part) != string(page[at-10:at+201]) {
		t.Errorf("a part of the page is\n%s", part)
	}
	if body := server.NewClient(t).Get("/openapi.json").Body; string(body) != string(openapi.JSON()) {
		t.Error("the served document is another one")
	}
}

// Each call answers with the refusals that the document gives it. The client compares
// every answer with the document.
func TestDocumentedRefusals(t *testing.T) {
	server := testkit.Start(t)
	tooLong := []byte(`{"x":"` + strings.Repeat("x", 64<<10) + `"}`)
	for _, tag := range openapi.Load().Tags {
		for _, o := range openapi.Load().Operations(tag.Name) {
			path := strings.NewReplacer("{id}", "none", "{address}", "none_a.png").Replace(o.Path)
			t.Run(o.ID, func(t *testing.T) {
				client := server.Register(t, o.ID+"@example.com")
				send := func(contentType string, body []byte) *testkit.Answer {
					return client.Send(o.Method, path, contentType, body)
				}
				client.Header.Set("Sec-Fetch-Site", "cross-site")
				if a := send("", nil); documents(o, "403") {
					a.WantError(403, "cross_origin")
				}
				client.Header.Del("Sec-Fetch-Site")
				if a := send("text/plain", []byte("x")); documents(o, "415") {
					a.WantError(415, "unsupported_media_type")
				}
				if a := send("application/json", tooLong); documents(o, "413") && !strings.Contains(path, "upload") {
					a.WantError(413, "body_too_large")
				}
				client.Cookie = ""
				if a := send("", nil); o.NeedsSession() {
					a.WantError(401, "not_logged_in")
				}
				client.Do(withHost(t, o.Method, server.URL+path, "a!b")).WantError(400, "malformed_request")
			})
		}
	}
}

func documents(o *openapi.Operation, status string) bool {
	return slices.ContainsFunc(o.Responses, func(r openapi.Member[*openapi.Response]) bool { return r.Name == status })
}

func withHost(t *testing.T, method, url, host string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	return r
}
