package postgres

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/jackc/pgx/v5"
)

// openPassfile returns the file that libpq would search for a password, if libpq would ignore it
// because its group or others have access to it; empty otherwise. named is the address's passfile
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

// withoutPassfile changes an address so that pgx reads no PGPASSFILE. pgx does not check who has
// access to it.
func withoutPassfile(address string) string {
	address = withoutParams(address, "passfile")
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	return address + separator + "passfile=" + os.DevNull
}

// readPassword returns the first line of a file.
func readPassword(file string) (string, error) {
	text, err := os.ReadFile(file) //nolint:gosec // the operator names the file
	if err != nil {
		return "", fmt.Errorf("database-password-file: %w", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	if line = strings.TrimSuffix(line, "\r"); line == "" {
		return "", fmt.Errorf("database-password-file: the first line of %s is empty; it must be the password", file)
	}
	return line, nil
}

// freshPassword reads the password again for a new connection, because it may have been rotated.
func (a Address) freshPassword(_ context.Context, config *pgx.ConnConfig) error {
	if a.passwords == "" {
		return nil
	}
	password, err := readPassword(a.passwords)
	if err != nil {
		return &lost{"cannot connect to PostgreSQL: " + err.Error(), false, "has a password file that cannot be read"}
	}
	config.Password = password
	return nil
}
