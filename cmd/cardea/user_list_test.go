package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

func TestUserListInPages(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	serve(t, data, cheap).stop()
	runOn(t, data, "", "user", "list").wantDone("No users.")
	for email, name := range map[string]string{"cyd": "Cydney Åberg", "Ann": "Ann", "boris": "Boris", "bob": "Bob"} {
		runOn(t, data, "simplepass", "user", "add", "--name", name, "--email", email+"@example.com").wantDone("Added " + email + "@")
	}
	names := func(args ...string) (names []string) {
		for line := range strings.Lines(runOn(t, data, "", append([]string{"user", "list", "--json"}, args...)...).wantDone()) {
			names = append(names, decode[testkit.User](t, line).Name)
		}
		return names
	}
	for _, c := range []struct{ args, want string }{
		{"", "[Ann Bob Boris Cydney Åberg]"},
		{"--limit 3", "[Ann Bob Boris]"},
		{"--limit 3 --after BORIS@example.com", "[Cydney Åberg]"},
		{"--after b", "[Bob Boris Cydney Åberg]"}, // not an address
		{"--search bO", "[Bob Boris]"},
		{"--search bo --after bob@example.com", "[Boris]"},
		{"--search bo --after aaa@example.com --limit 1", "[Bob]"},
		{"--search zz", "[]"},
		{"--search ob@EXAMPLE", "[Bob]"},           // inside the address
		{"--search dney", "[Cydney Åberg]"},        // inside the name
		{"--search A\u030aBERG", "[Cydney Åberg]"}, // in another normal form
	} {
		if got := fmt.Sprint(names(strings.Fields(c.args)...)); got != c.want {
			t.Errorf("%s: %s, want %s", c.args, got, c.want)
		}
	}
	page := runOn(t, data, "", "user", "list", "--limit", "2").wantDone("There are more. Continue with --after bob@example.com")
	if lines := strings.Split(page, "\n"); strings.Index(lines[0], "NAME") != strings.Index(lines[2], "Bob  ") {
		t.Errorf("not aligned:\n%s", page)
	}
	runOn(t, data, "", "user", "list", "--search", "bo", "--limit", "1").wantDone("There are more. Continue with --after bob@example.com")
	if all := runOn(t, data, "", "user", "list", "--limit", "4").wantDone(); strings.Contains(all, "--after") {
		t.Errorf("no user is left:\n%s", all)
	}
}
