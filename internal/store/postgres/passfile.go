package postgres

import (
	"cmp"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// openPassfile returns the file with passwords that counts, if libpq would ignore it because its
// group or others have access to it; empty otherwise. named is the parameter passfile of the address
// (https://www.postgresql.org/docs/current/libpq-pgpass.html).
func openPassfile(named string) string {
	file := cmp.Or(named, os.Getenv("PGPASSFILE"))
	if home, err := os.UserHomeDir(); file == "" && err == nil {
		file = filepath.Join(home, ".pgpass")
	}
	info, err := os.Stat(file) //nolint:gosec // the operator names the file
	if err != nil || info.Mode()&0o077 == 0 || runtime.GOOS == "windows" {
		return ""
	}
	return file
}

// withoutPassfile is an address with which pgx, which has no such rule, reads no file with passwords.
func withoutPassfile(address string) string {
	address = withoutParams(address, "passfile")
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	return address + separator + "passfile=" + os.DevNull
}
