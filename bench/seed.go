package main

import (
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver of PostgreSQL
	"golang.org/x/crypto/argon2"
	_ "modernc.org/sqlite" // and of SQLite
)

// batch is the number of rows in one statement. More rows are no faster.
const batch = 200

// seedCardea writes n users and a session for each into Cardea's tables in SQLite, as
// registrations would. All users share one password hash, so seeding is fast.
func seedCardea(file string, n int) (err error) {
	// No other process has the file, and a crash costs nothing, so no write waits for the disk.
	db, err := sql.Open("sqlite", "file:"+file+
		"?_pragma=journal_mode(MEMORY)&_pragma=synchronous(OFF)&_pragma=cache_size(-500000)&_pragma=foreign_keys(0)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	if err := fill(db, n); err != nil {
		return err
	}
	// Switch to Cardea's journal mode and flush to disk now. Otherwise, the next measurement would include both.
	if _, err := db.Exec(`PRAGMA journal_mode = WAL`); err != nil { //nolint:noctx // it runs to its end
		return err
	}
	return flush(file)
}

// seedPostgres is like seedCardea, for Cardea's schema of a PostgreSQL database.
func seedPostgres(address string, n int) (err error) {
	db, err := sql.Open("pgx", address+"&search_path=cardea")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := fill(db, n); err != nil {
		return err
	}
	_, err = db.Exec("VACUUM ANALYZE") //nolint:noctx // as PostgreSQL does itself, after a minute
	return err
}

// fill writes users and sessions.
func fill(db *sql.DB, n int) error {
	now, hash := time.Now().UnixMicro(), hashOf(password)
	users := table{name: "users", columns: []string{"id", "name", "email", "email_key", "password_hash", "created_at"},
		row: func(i int) []any { return []any{id(i), name(i), email(i), email(i), hash, now} }}
	sessions := table{name: "sessions", columns: []string{"id", "token_hash", "user_id", "created_at", "last_seen_at", "confirmed_at", "ip", "user_agent"},
		row: func(i int) []any {
			sum := sha256.Sum256([]byte(token(i)))
			return []any{id(-1 - i), sum[:], id(i), now, now, now, "127.0.0.1", "bench"}
		}}
	for _, t := range []table{users, sessions} {
		if err := t.fill(db, n); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	return nil
}

func flush(file string) error {
	f, err := os.OpenFile(file, os.O_RDWR, 0) //nolint:gosec // our own file
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

type table struct {
	name    string
	columns []string
	row     func(i int) []any
}

// fill inserts rows in one transaction.
func (t table) fill(db *sql.DB, rows int) error {
	tx, err := db.Begin() //nolint:noctx // it runs to its end
	if err != nil {
		return err
	}
	defer tx.Rollback()
	full, err := tx.Prepare(t.insert(batch)) //nolint:noctx // as above
	if err != nil {
		return err
	}
	defer full.Close() //nolint:errcheck // the transaction ends
	for first := 0; first < rows; first += batch {
		n := min(batch, rows-first)
		values := make([]any, 0, n*len(t.columns))
		for i := range n {
			values = append(values, t.row(first+i)...)
		}
		if n == batch {
			_, err = full.Exec(values...) //nolint:noctx // as above
		} else {
			_, err = tx.Exec(t.insert(n), values...) //nolint:noctx // as above
		}
		if err != nil {
			return err
		}
	}
	return tx.Commit()
}

func (t table) insert(rows int) string {
	var values strings.Builder
	for i := range rows * len(t.columns) {
		separator := ","
		switch {
		case i == 0:
			separator = "("
		case i%len(t.columns) == 0:
			separator = "),("
		}
		fmt.Fprintf(&values, "%s$%d", separator, i+1) // both databases know these
	}
	return "INSERT INTO " + t.name + " (" + strings.Join(t.columns, ",") + ") VALUES " + values.String() + ")"
}

// hashOf returns the PHC string that Cardea would store.
func hashOf(password string) string {
	salt := make([]byte, 16)
	rand.Read(salt)
	key := argon2.IDKey([]byte(password), salt, argon2Time, argon2Memory, 1, 32)
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, argon2Memory, argon2Time, b64(salt), b64(key))
}
