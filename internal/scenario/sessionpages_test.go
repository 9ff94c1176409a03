package scenario

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// The list of sessions has pages of 50. Together they have every session once.
func TestPagesOfSessions(t *testing.T) {
	server := testkit.Start(t)
	for n, pages := range map[int][]int{1: {1}, 50: {50}, 51: {50, 1}, 100: {50, 50}} {
		client := server.Register(t, fmt.Sprintf("ada%d@example.com", n))
		withSessions(t, server, client.User().ID, n-1)
		seen, after, current := map[string]bool{}, "", 0
		for i, want := range pages {
			page := client.Get("/api/sessions" + after).Want(200).Envelope()
			if len(page.Sessions) != want || (page.Next == nil) != (i == len(pages)-1) {
				t.Fatalf("of %d sessions, page %d has %d and names %v", n, i+1, len(page.Sessions), page.Next)
			}
			for _, s := range page.Sessions {
				seen[s.ID] = true
				if s.Current {
					current++
				}
			}
			if page.Next != nil {
				after = "?after=" + url.QueryEscape(*page.Next)
			}
		}
		if len(seen) != n || current != 1 {
			t.Errorf("%d sessions, %d of them current; want %d and 1", len(seen), current, n)
		}
	}
	client := server.Register(t, "zoe@example.com")
	for _, after := range []string{"x", "-", "1-", "1-x", "-aaaaaaaaaaaaaaaa", "99999999999999999999-aaaaaaaaaaaaaaaa", "1-AAAAAAAAAAAAAAAA", strings.Repeat("1", 5000)} {
		client.Get("/api/sessions?after="+after).WantError(400, "malformed_request")
	}
	if rest := client.Get("/api/sessions?after=1-aaaaaaaaaaaaaaaa").Want(200).Envelope(); len(rest.Sessions) != 0 || rest.Next != nil {
		t.Errorf("after the last page: %+v", rest)
	}
}
