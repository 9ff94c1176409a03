package main

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// cardea is the server under test, with its default settings.
type cardea struct {
	binary   string
	env      []string  // settings that differ from the defaults
	backends *backends // nil: a SQLite file, and pictures in the data folder
}

// Cardea's default parameters of Argon2id. The raw rate of hashes uses them too.
const (
	argon2Memory = 19456 // KiB
	argon2Time   = 2
)

// unthrottled turns throttling off. The benchmark sends more from one address than the
// limits allow.
func (c cardea) unthrottled() cardea {
	c.env = []string{"CARDEA_RATE_LIMIT=off"}
	return c
}

func (c cardea) Name() string {
	if c.backends != nil {
		return onPostgres
	}
	return "Cardea"
}

// onPostgres is the name of Cardea on PostgreSQL and S3.
const onPostgres = "Cardea, PostgreSQL"

func (c cardea) Hash() string {
	return fmt.Sprintf("Argon2id, %d KiB, %d passes", argon2Memory, argon2Time)
}
func (c cardea) Health() string { return "/readyz" }

func (c cardea) Command(dir, address string) *exec.Cmd {
	cmd := exec.Command(c.binary, "serve", "--listen", address, "--data", dir) //nolint:gosec,noctx // the binary built here; stopped by server.stop
	for _, set := range os.Environ() {
		if !strings.HasPrefix(set, "CARDEA_") { // drop the caller's settings
			cmd.Env = append(cmd.Env, set)
		}
	}
	cmd.Env = append(cmd.Env, c.env...)
	if c.backends != nil {
		c.backends.settings(cmd, dir)
	}
	return cmd
}

// Seed lets Cardea create its tables, then fills them.
func (c cardea) Seed(dir string, users int) error {
	s, err := start(context.Background(), c, dir)
	if err != nil {
		return err
	}
	s.stop()
	if c.backends != nil {
		return seedPostgres(c.backends.places[dir].database, users)
	}
	return seedCardea(dir+"/cardea.db", users)
}

var base32Upper = base32.StdEncoding.WithPadding(base32.NoPadding)

// token returns the session token of a user: 26 characters of base 32, like Cardea's.
// It is derived from the user's number, so a million tokens need not be stored.
func token(user int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "session %d", user))
	return base32Upper.EncodeToString(sum[:])[:26]
}

// id returns the id of a user: 16 characters of base 32, in lower case.
func id(user int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "user %d", user))
	return strings.ToLower(base32Upper.EncodeToString(sum[:]))[:16]
}

func cookie(user int) string { return "Cookie: session=" + token(user) }

func (c cardea) Read(user int) []byte { return get("/api/user", cookie(user)) }

func (c cardea) Login(user int) []byte { return login(user) }

func login(user int) []byte {
	return postJSON("/api/login", "", fmt.Sprintf(`{"email":%q,"password":%q}`, email(user), password))
}

func (c cardea) Register(number int) []byte { return register(number) }

func register(number int) []byte {
	return postJSON("/api/register", "", fmt.Sprintf(`{"name":"New %07d","email":"new%07d@example.com","password":%q}`,
		number, number, password))
}

func (c cardea) SetPicture(client *client, user int, photo []byte) error {
	_, err := client.do(upload("POST", "/api/upload-picture", cookie(user), "profile_pic", photo))
	return err
}

// call is a request of the contract, to measure its cost as data grows.
type call struct {
	name      string
	cpuHeavy  bool // measured less often
	sameUsers bool // sent by the users of the call before, who are in the caches by then
	request   func(user int) []byte
}

// calls returns the calls whose cost may depend on the amount of data, in the order in
// which a user makes them. The last one signs out.
func (c cardea) calls(picture []byte) []call {
	send := func(method, path, body string) func(int) []byte {
		return func(p int) []byte { return request(method, path, cookie(p), "application/json", []byte(body)) }
	}
	setPicture := func(p int) []byte { return upload("POST", "/api/upload-picture", cookie(p), "profile_pic", picture) }
	change := fmt.Sprintf(`{"current_password":%q,"new_password":"another of mine"}`, password)
	return []call{
		{name: firstRead, request: c.Read},
		{name: "`GET /api/user`", request: c.Read, sameUsers: true},
		{name: "`GET /`", request: func(p int) []byte { return get("/", cookie(p)) }, sameUsers: true},
		{name: "`GET /api/sessions`", request: func(p int) []byte { return get("/api/sessions", cookie(p)) }, sameUsers: true},
		{name: "`PATCH /api/user`", request: send("PATCH", "/api/user", `{"name":"Renamed"}`), sameUsers: true},
		{name: "`DELETE /api/sessions`", request: send("DELETE", "/api/sessions", ""), sameUsers: true},
		{name: "`POST /api/upload-picture`", request: setPicture, cpuHeavy: true, sameUsers: true},
		{name: "`DELETE /api/upload-picture`", request: send("DELETE", "/api/upload-picture", ""), cpuHeavy: true, sameUsers: true},
		{name: "`POST /api/login`", request: c.Login, cpuHeavy: true},
		{name: "`POST /api/register`", request: c.Register, cpuHeavy: true},
		{name: "`POST /api/password`", request: send("POST", "/api/password", change), cpuHeavy: true},
		{name: "`POST /api/logout`", request: send("POST", "/api/logout", "{}")},
	}
}
