package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/need"
	"github.com/cardea-accounts/cardea/internal/testkit/pgbouncer"
	"github.com/cardea-accounts/cardea/internal/testkit/postgres"
	"github.com/cardea-accounts/cardea/internal/testkit/s3"
)

// These tests follow the pages about PostgreSQL, S3 and moves as they are printed, with other
// addresses and folders.

// reader follows a page. The reader has a PostgreSQL server that asks for TLS and passwords, and a
// bucket.
type reader struct {
	t      *testing.T
	folder string
	db     *postgres.Server
	bucket s3.Bucket
	places *strings.Replacer // ours for those of the page
	env    []string
}

func newReader(t *testing.T) *reader {
	t.Helper()
	r := &reader{t: t, folder: t.TempDir(), db: postgres.Start(t, postgres.Options{Passwords: true, TLS: true}), bucket: s3.New(t)}
	host, region := fmt.Sprintf("127.0.0.1:%d", r.db.Port()), "&region="+s3.Region
	r.places = strings.NewReplacer(
		"db.example.com:5432", host, "db.example.com", host, "?sslmode=verify-full", "?sslmode=verify-full&sslrootcert="+r.db.Certificate(),
		"s3://bucket/cardea?region=eu-central-1", "s3://"+r.bucket.Name+"/cardea?endpoint="+r.bucket.Endpoint+region,
		"s3://pictures/", "s3://"+r.bucket.Name+"/", "https://s3.example.com&region=eu-central-1", r.bucket.Endpoint+region,
		"ACCESS_KEY_ID=…", "ACCESS_KEY_ID="+s3.AccessKey, "SECRET_ACCESS_KEY=…", "SECRET_ACCESS_KEY="+s3.SecretKey,
		"/var/lib/cardea", filepath.Join(r.folder, "data"), "/etc/cardea", r.folder,
	)
	r.env = append([]string{"PATH=" + filepath.Dir(binary) + ":/usr/bin:/bin", "CARDEA_LISTEN=127.0.0.1:0"}, cheap...)
	writeFile(t, filepath.Join(r.folder, "database-password"), []byte("choose-one\n"))
	return r
}

// block returns the first block of a language that has a text, with our places.
func (r *reader) block(page, language, text string) string {
	r.t.Helper()
	for _, block := range regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```").FindAllStringSubmatch(string(readFile(r.t, filepath.Join(repository, "docs", page))), -1) {
		if block[1] == language && strings.Contains(block[2], text) {
			return r.places.Replace(block[2])
		}
	}
	r.t.Fatalf("docs/%s has no block of %q with %q", page, language, text)
	return ""
}

// psql makes PostgreSQL's administrator run a block of SQL in a database.
func (r *reader) psql(database, statements string) {
	r.t.Helper()
	path, err := exec.LookPath("psql")
	if err != nil {
		need.Missing(r.t, "postgres", err.Error(), "install Debian's package postgresql-client")
	}
	command := exec.CommandContext(r.t.Context(), path, "-v", "ON_ERROR_STOP=1", r.db.Superuser(database)) //nolint:gosec // of the test
	command.Stdin = strings.NewReader(statements)
	if out, err := command.CombinedOutput(); err != nil {
		r.t.Fatalf("%s: %v\n%s", statements, err, out)
	}
}

// launch starts commands of a shell. The last of them gets the signals.
func (r *reader) launch(commands string, env ...string) *process {
	r.t.Helper()
	commands = strings.TrimSpace(strings.ReplaceAll(commands, "\\\n", " "))
	last := strings.LastIndexByte(commands, '\n') + 1
	shell := exec.CommandContext(r.t.Context(), "bash", "-euc", commands[:last]+"exec "+commands[last:])
	shell.Dir = r.folder
	return launch(r.t, shell, append(r.env, env...)...)
}

// done runs commands that must succeed, and returns what they print.
func (r *reader) done(commands string, env ...string) string {
	r.t.Helper()
	p := r.launch(commands, env...)
	if code := p.wait(); code != exitOK {
		r.t.Fatalf("%s: exit code %d: %s%s", commands, code, &p.stdout, &p.stderr)
	}
	return p.stdout.String()
}

// On PostgreSQL, in a database of its own and in another's.
func TestPostgresPage(t *testing.T) {
	t.Parallel()
	const page = "postgres.md"
	r := newReader(t)
	r.psql("postgres", r.block(page, "sql", "CREATE ROLE"))
	serve := r.block(page, "sh", "cardea serve")
	s := awaitServer(r.launch(serve))
	s.client().Register("ada@example.com").Want(201)
	s.stop()
	where := fmt.Sprintf(" keeps its data in postgres://cardea@127.0.0.1:%d/cardea (users) and %s/data (secret.key and pictures)\n", r.db.Port(), r.folder)
	if !strings.Contains(s.stdout.String(), where) {
		t.Errorf("%s does not say%s", &s.stdout, where)
	}
	address := regexp.MustCompile(`'(postgres:.*)'`).FindStringSubmatch(serve)[1]
	check := r.done("cardea check --data data", "CARDEA_DATABASE="+address, "CARDEA_DATABASE_PASSWORD_FILE=database-password")
	if !strings.Contains(check, "1 user") {
		t.Errorf("check says %s", check)
	}

	r.db.Exec("CREATE DATABASE shared")
	r.psql("shared", r.block(page, "sql", "CREATE SCHEMA"))
	s = awaitServer(r.launch(strings.ReplaceAll(serve, "/cardea?", "/shared?")))
	s.client().Register("ada@example.com").Want(201)
	s.stop()
}

// Through pgbouncer with the settings of the page.
func TestPgbouncerOfThePage(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	settings := strings.Split(r.block("postgres.md", "ini", "query_timeout"), "\n")
	address := pgbouncer.Start(t, r.db.Database(), settings...)
	s := awaitServer(r.launch("cardea serve --data data --database '" + address + "'"))
	s.client().Register("ada@example.com").Want(201)
	s.stop()
}

// With pictures in a bucket.
func TestS3Page(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	serve := r.block("s3.md", "sh", "cardea serve")
	r.env = append(r.env, "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=") // the page sets them
	s := awaitServer(r.launch(serve))
	ada := s.client()
	ada.Register("ada@example.com").Want(201)
	ada.Upload("a.png", testkit.PNG(5, 5)).Want(200)
	s.stop()
	where := fmt.Sprintf(" keeps its data in s3://%s/cardea (pictures) and %s/cardea-data (secret.key and users)\n", r.bucket.Name, r.folder)
	if !strings.Contains(s.stdout.String(), where) {
		t.Errorf("%s does not say%s", &s.stdout, where)
	}
	if files, err := filepath.Glob(filepath.Join(r.bucket.Folder, "cardea", "*", "*")); err != nil || len(files) == 0 {
		t.Errorf("the bucket has %v, %v", files, err)
	}
	if check := r.done(strings.Replace(serve, "cardea serve", "cardea check", 1)); !strings.Contains(check, "1 picture") {
		t.Errorf("check says %s", check)
	}
}
