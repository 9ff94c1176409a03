package scenario

import (
	"net/http"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// A Range in an unknown unit, of nothing or malformed is ignored (RFC 9110 section 14.2).
// One beyond the end cannot be answered.
func TestRange(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	picture := client.Upload("a.png", testkit.PNG(5, 5)).PicturePath()
	avatar := server.Register(t, "eve@example.com").Avatar()
	for header, status := range map[string]int{
		"bytes=0-1": 206, "Bytes=0-1": 206, "BYTES=0-": 206, "bytes=-2": 206, "bytes= 0-1 , ": 206, "bytes=0-1,4-5": 206,
		"bytes=0-99999999999999999999": 206,
		"bytes=99999999-":              416, "bytes=-0": 416,
		"": 200, "bytes": 200, "bytes=": 200, "bytes=,": 200, "bytes=-": 200, "bytes=x-y": 200, "bytes=2-1": 200, "bytes=+0-1": 200, "bytes=0-1;2-3": 200,
		"items=0-1": 200, "bytes 0-1": 200, "=0-1": 200, "0-1": 200,
		"bytes=" + strings.Repeat("0-0,", 1000): 200, // each part would have a header
	} {
		for _, path := range []string{picture, picture + "?size=64", avatar, "/openapi.json", "/static/cardea.css"} {
			client.Header = http.Header{"Range": {header}}
			if a := client.Get(path); a.Status != status {
				t.Errorf("Range %.30q of %s: status %d, want %d", header, path, a.Status, status)
			}
			if a := client.Send("HEAD", path, "", nil); a.Status != 200 {
				t.Errorf("HEAD with Range %.30q of %s: status %d", header, path, a.Status)
			}
		}
	}
}
