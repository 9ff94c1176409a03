package main

import (
	"strings"
	"testing"
)

// A password comes from a file as editors on any system write it.
func TestPasswordLine(t *testing.T) {
	for file, want := range map[string]string{
		"simplepass": "simplepass", "simplepass\n": "simplepass", "simplepass\r\n": "simplepass", "\ufeffsimplepass\r\n": "simplepass",
		"\ufeffsimplepass": "simplepass", "simplepass\nsecond": "simplepass", " simple pass \n": " simple pass ", "simple\rpass": "simple\rpass",
		"\ufeff\ufeffsimplepass": "\ufeffsimplepass",
	} {
		if got, err := firstLine(strings.NewReader(file)); err != nil || got != want {
			t.Errorf("%q: %q, %v, want %q", file, got, err, want)
		}
	}
	for _, file := range []string{"", "\n", "\r\n", "\ufeff", "\ufeff\r\n"} {
		if got, err := firstLine(strings.NewReader(file)); err == nil {
			t.Errorf("%q: %q", file, got)
		}
	}
}
