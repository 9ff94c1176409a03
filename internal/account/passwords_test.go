package account_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
)

// fields returns what an error says is wrong with which input; nil without an error.
func fields(t *testing.T, err error) map[string]string {
	t.Helper()
	if err == nil {
		return nil
	}
	e, ok := errors.AsType[*guard.Error](err)
	if !ok || e.Kind != guard.KindInvalid || e.Code != "invalid_input" {
		t.Fatalf("error %v, want invalid_input", err)
	}
	return e.Fields
}

func TestNewPasswords(t *testing.T) {
	h := house.New(t, house.Options{})
	zoe, err := h.Accounts.Add(t.Context(), account.Registration{Name: "Zoë Ångström", Email: "Zoë.Onym@Example.com", Password: house.Password})
	if err != nil {
		t.Fatal(err)
	}
	const short, long, common, own = "too short", "too long", "one of the most common", "your own e-mail address or name"
	for _, c := range []struct {
		password account.Password
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
		{account.Password(strings.Repeat("k7#qW2xz", 128)), ""},
		{account.Password(strings.Repeat("k7#qW2xz", 128)) + "!", long},
		{account.Password(strings.Repeat("ä", 512)), ""},
		{account.Password(strings.Repeat("ä", 512)) + "!", long},
		{account.Password(strings.Repeat("x", 1<<20)), long},

		// Any text is accepted, and no kind of character is required.
		{"simplepass", ""},
		{"SIMPLEPASS", ""},
		{"vexed otter juggles quartz", ""},
		{"  leading and trailing  ", ""},
		{"k7#q\x00W2xz", ""},
		{"\x00\x00\x00\x00\x00\x00\x00\x00", ""},
		{"line\nbreak", ""},
		{"\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8", "UTF-8"},
		{"🙂🙂🙂🙂", ""},

		// The most common, in any case. A password that contains one is accepted.
		{"password", common},
		{"Password1", common},
		{"12345678", common},
		{"QWERTYUIOP", common},
		{" password", ""},
		{"password of mine", ""},

		// The user's own address, the part before the @, and name, in any spelling.
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

		// The same between any digits, signs and spaces, and a word of the name.
		{"zoë.onym1", own},
		{"12345!ZOË-ONYM?", own},
		{"zoëonym99", own},
		{"zoë.onym(at)example.com", ""},
		{"1 zoë.onym@example.com 1", own},
		{"zoëångström", own},
		{"ÅNGSTRÖM12", own},
		{"a\u030angstro\u0308m1", own},
		{"Ångström of mine", ""},
		{"angstrom", ""},
		{"example.com", ""},
	} {
		_, err := h.Accounts.SetPassword(t.Context(), zoe, c.password, guard.Client{})
		got := fields(t, err)["password"]
		if (got == "") != (c.problem == "") || !strings.Contains(got, c.problem) {
			t.Errorf("%.40q: %q, want %q", string(c.password), got, c.problem)
		}
	}
}

// A missing name or address is not blamed on the password.
func TestPasswordWithoutNameAndAddress(t *testing.T) {
	h := house.New(t, house.Options{})
	for _, password := range []account.Password{"simplepass", "        ", "\t\t\t\t\t\t\t\t"} {
		_, err := h.Accounts.Add(t.Context(), account.Registration{Password: password})
		if got := fields(t, err); got["name"] == "" || got["email"] == "" || len(got) != 2 {
			t.Errorf("%q: %v", string(password), got)
		}
	}
}

// A word that names the user is refused between any digits, signs and spaces.
func TestPasswordsFromTheUsersNames(t *testing.T) {
	h := house.New(t, house.Options{})
	for _, c := range []struct {
		name, email string
		password    account.Password
		isRefused   bool
	}{
		{"Robertson", "r@example.com", "Robertson1!", true},
		{"Robertson", "r@example.com", "!!robertson99", true},
		{"Robertson", "r@example.com", "1robertson", true},
		{"Robertson", "r@example.com", "robertsons", false},
		{"Müllerin", "m@example.com", "MÜLLERIN12", true},
		{"Bob Smithson", "bob@example.com", "bobsmithson", true},
		{"Bob Smithson", "bob@example.com", "Bob1234!", true},
		{"Bob Smithson", "bob@example.com", "smithsonbob", false},
		{"Bob", "first.lastname@example.com", "first.lastname1!", true},
		{"Bob", "first.lastname@example.com", "FirstLastname", true},
		{"Bob", "first.lastname@example.com", "9 First.Lastname@example.com", true},
		{"12345 67", "77889900@example.com", "77889900", true},
		{"12345 67", "77889900@example.com", "12345 67", true},
		{"12345 67", "77889900@example.com", "77889900!", false}, // without letters, only as it is
		{"12345 67", "77889900@example.com", "2026-11-22", false},
		{"कमला", "k@example.com", "कमला123", true},
		{"कमला", "k@example.com", "कमल12345", false}, // marks are part of their letters
		{"🙂", "k@example.com", "🙂🙂🙂🙂", false},
	} {
		_, err := h.Accounts.Add(t.Context(), account.Registration{Name: c.name, Email: c.email, Password: c.password})
		if errors.Is(err, account.ErrEmailTaken) { // by an accepted password before
			err = nil
		}
		if problem := fields(t, err)["password"]; (problem != "") != c.isRefused {
			t.Errorf("%s, %s: %q: %q", c.name, c.email, string(c.password), problem)
		}
	}
}
