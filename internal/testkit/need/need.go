// Package need decides what happens to a test if a program that it needs is absent: the test is
// skipped on a developer's machine, and fails in CI.
package need

import (
	"os"
	"strings"
	"testing"
)

// Required is the variable of the environment that names the parts a machine must have,
// separated by commas, such as "postgres,browser". A test that misses one of them fails. With
// CI=true all parts are required.
const Required = "CARDEA_TEST_REQUIRE"

// Missing skips the test because a part is absent, with the reason and what to do about it. The
// test fails instead if the environment requires the part. Either way, Missing does not return.
//
//	path, err := exec.LookPath("nginx")
//	if err != nil {
//		need.Missing(t, "nginx", err.Error(), "install Debian's package nginx-light")
//	}
func Missing(t testing.TB, part, reason, remedy string) {
	t.Helper()
	if isRequired(part) {
		t.Fatalf("%s is required here, but absent: %s; %s", part, reason, remedy)
	}
	t.Skipf("%s IS NOT TESTED: %s; %s", strings.ToUpper(part), reason, remedy)
}

func isRequired(part string) bool {
	if os.Getenv("CI") == "true" {
		return true
	}
	for name := range strings.SplitSeq(os.Getenv(Required), ",") {
		if strings.TrimSpace(name) == part {
			return true
		}
	}
	return false
}
