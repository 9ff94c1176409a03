package s3_test

import (
	"testing"

	"github.com/cardea-accounts/cardea/internal/blob/s3"
)

// A prefix contains itself and what is below it, in the same bucket of the same server.
func TestContains(t *testing.T) {
	t.Parallel()
	const at = "?region=us-east-1&endpoint=https://S3.example.com"
	for _, c := range []struct {
		outer, inner string
		want         bool
	}{
		{"s3://pictures/a" + at, "s3://pictures/a" + at + ":443&path-style=false", true},
		{"s3://pictures/a" + at, "s3://pictures/a/b" + at, true},
		{"s3://pictures" + at, "s3://pictures/a" + at, true},
		{"s3://pictures/a" + at, "s3://pictures" + at, false},
		{"s3://pictures/a" + at, "s3://pictures/ab" + at, false},
		{"s3://pictures/a" + at, "s3://others/a" + at, false},
		{"s3://pictures/a" + at, "s3://pictures/a" + at + ":9000", false},
		{"s3://pictures?region=eu-west-1", "s3://pictures/a?region=eu-west-1&endpoint=https://s3.dualstack.eu-west-1.amazonaws.com", true},
	} {
		outer, err := s3.Parse(c.outer)
		if err != nil {
			t.Fatal(err)
		}
		inner, err := s3.Parse(c.inner)
		if err != nil {
			t.Fatal(err)
		}
		if got := outer.Contains(inner); got != c.want {
			t.Errorf("%s contains %s: %v", c.outer, c.inner, got)
		}
	}
}
