package password

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// commonLines returns the lines of the embedded list.
func commonLines(t testing.TB) []string {
	t.Helper()
	text, ok := strings.CutSuffix(common, "\n")
	if !ok {
		t.Fatal("common.txt does not end with a newline")
	}
	return strings.Split(text, "\n")
}

func TestCommonList(t *testing.T) {
	lines := commonLines(t)
	if n := len(lines); n < 10_000 {
		t.Errorf("common.txt has %d lines, want 10,000 at least", n)
	}
	if n := len(common); n > 150_000 {
		t.Errorf("common.txt has %d bytes, want 150,000 at most", n)
	}
	for i, line := range lines {
		if i > 0 && lines[i-1] >= line {
			t.Errorf("line %d: %q is not after %q", i+1, line, lines[i-1])
		}
		if n := len(line); n < 8 || n > 64 {
			t.Errorf("line %d: %q has %d bytes, want 8 to 64", i+1, line, n)
		}
		if line != strings.ToLower(line) {
			t.Errorf("line %d: %q is not lower-case", i+1, line)
		}
		if !utf8.ValidString(line) || strings.ContainsFunc(line, unicode.IsControl) {
			t.Errorf("line %d: %q is not valid UTF-8 without control characters", i+1, line)
		}
	}
}

func TestIsCommonFindsEveryLine(t *testing.T) {
	for i, line := range commonLines(t) {
		for _, password := range []string{line, strings.ToUpper(line)} {
			if !IsCommon(password) {
				t.Errorf("line %d: IsCommon(%q) = false", i+1, password)
			}
		}
	}
}

func TestIsCommonKnown(t *testing.T) {
	for _, password := range []string{
		"password", "password1", "password123", "passw0rd", "12345678",
		"123456789", "1234567890", "87654321", "11111111", "qwertyuiop",
		"asdfghjkl", "iloveyou", "sunshine", "princess", "football",
		"baseball", "superman", "starwars", "trustno1", "letmein1",
		"welcome1", "computer", "whatever", "1q2w3e4r", "1qaz2wsx",
		"qwerty123", "abcd1234", "zaq12wsx",
		// Only in one of the sources.
		"tttttttt", "lkjhgfds", "609609609", "lilmama12", "йцукен",
		// In any case.
		"Password", "Password1", "PASSWORD123", "ILoveYou", "TrustNo1", "ЙЦУКЕН",
	} {
		if !IsCommon(password) {
			t.Errorf("IsCommon(%q) = false", password)
		}
	}
}

func TestIsCommonUnknown(t *testing.T) {
	for _, password := range []string{
		"simplepass", // allowed by name
		"SimplePass",
		"", "\n", "\n\n", "p", "passwor", "zzzzzzzzzzzzzzzz", "!", "~", "\xff\xff\xff\xff\xff\xff\xff\xff",
		"password\n", "\npassword", "password\n12345678", "password\r", "password\x00",
		" password", "password ", "pässword", "pass word",
		"correct horse battery staple",
		"vexed-otter-juggles-quartz",
		common,
	} {
		if IsCommon(password) {
			t.Errorf("IsCommon(%.40q) = true", password)
		}
	}
}

// Strings just before, just after and across two lines are not in the list.
func TestIsCommonNeighbours(t *testing.T) {
	lines := commonLines(t)
	listed := make(map[string]bool, len(lines))
	for _, line := range lines {
		listed[line] = true
	}
	for i, line := range lines {
		neighbours := []string{line[:len(line)-1], line[1:], line + "\x00", line + "\n", "\n" + line}
		if i > 0 {
			neighbours = append(neighbours, lines[i-1]+"\n"+line)
		}
		for _, password := range neighbours {
			if got := IsCommon(password); got != listed[password] {
				t.Errorf("IsCommon(%q) = %v", password, got)
			}
		}
	}
}

func TestIsCommonAllocates(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { IsCommon("vexed-otter-juggles-quartz") }); n != 0 {
		t.Errorf("IsCommon of a lower-case password allocates %v times", n)
	}
}

func BenchmarkIsCommon(b *testing.B) {
	for _, password := range []string{"password", "Password1", "vexed-otter-juggles-quartz"} {
		b.Run(password, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				IsCommon(password)
			}
		})
	}
}
