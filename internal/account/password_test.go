package account

import (
	"strings"
	"testing"
)

func TestNewPasswords(t *testing.T) {
	const email, name = "Zoë.Onym@Example.com", "Zoë Ångström"
	const short, long, common, own = "too short", "too long", "one of the commonest", "your own e-mail address or name"
	for _, c := range []struct {
		password Password
		problem  string // part of it; empty: accepted
	}{
		{"", "Enter a password."},

		// The length is in bytes, 8 to 1,024.
		{"x", short},
		{"k7#qW2x", short},
		{"k7#qW2xz", ""},
		{"äöü", short},
		{"äöüß", ""},
		{"        ", ""},
		{"       ", short},
		{Password(strings.Repeat("k7#qW2xz", 128)), ""},
		{Password(strings.Repeat("k7#qW2xz", 128)) + "!", long},
		{Password(strings.Repeat("ä", 512)), ""},
		{Password(strings.Repeat("ä", 512)) + "!", long},
		{Password(strings.Repeat("x", 1<<20)), long},

		// Any byte will do, and none is required.
		{"simplepass", ""},
		{"SIMPLEPASS", ""},
		{"vexed otter juggles quartz", ""},
		{"  leading and trailing  ", ""},
		{"k7#q\x00W2xz", ""},
		{"\x00\x00\x00\x00\x00\x00\x00\x00", ""},
		{"line\nbreak", ""},
		{"\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8", "UTF-8"},
		{"🙂🙂🙂🙂", ""},

		// The commonest, in any case, but not what merely contains one.
		{"password", common},
		{"Password1", common},
		{"12345678", common},
		{"QWERTYUIOP", common},
		{" password", ""},
		{"password of mine", ""},

		// The person's own address, the part before the @, and name, in any spelling.
		{"Zoë.Onym@Example.com", own},
		{"zoë.onym@example.com", own},
		{"ZOË.ONYM@EXAMPLE.COM", own},
		{"zoe\u0308.onym@example.com", own},
		{" zoë.onym@example.com ", own},
		{"zoë.onym", own},
		{"ZOË.Onym", own},
		{"Zoë Ångström", own},
		{"zoë ångström", own},
		{"ZOE\u0308 A\u030aNGSTRO\u0308M", own},
		{"zoë.onym@example.org", ""},
		{"zoë.onym1", ""},
		{"zoëångström", ""},
		{"example.com", ""},
	} {
		got := new(Service).passwordProblem(c.password, email, name)
		if (got == "") != (c.problem == "") || !strings.Contains(got, c.problem) {
			t.Errorf("%.40q: %q, want %q", string(c.password), got, c.problem)
		}
	}
}

// A problem with another field is not blamed on the password.
func TestPasswordOfSomebodyWithoutNameOrAddress(t *testing.T) {
	for _, password := range []Password{"simplepass", "        ", "\t\t\t\t\t\t\t\t"} {
		if got := new(Service).passwordProblem(password, "", ""); got != "" {
			t.Errorf("%q: %s", string(password), got)
		}
	}
}
