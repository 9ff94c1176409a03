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
	binary string
	env    []string // settings that differ from the defaults
}

// What Cardea's hashes cost by default, for the raw rate that its logins are held to.
const (
	argon2Memory = 19456 // KiB
	argon2Time   = 2
)

// unthrottled is for what a lone address may not do as often as a benchmark does.
func (c cardea) unthrottled() cardea {
	c.env = []string{"CARDEA_RATE_LIMIT=off"}
	return c
}

func (c cardea) Name() string { return "Cardea" }
func (c cardea) Hash() string {
	return fmt.Sprintf("Argon2id, %d KiB, %d passes", argon2Memory, argon2Time)
}
func (c cardea) Health() string { return "/readyz" }

func (c cardea) Command(dir, address string) *exec.Cmd {
	cmd := exec.Command(c.binary, "serve", "--listen", address, "--data", dir) //nolint:gosec,noctx // the binary built here; stopped by server.stop
	for _, set := range os.Environ() {
		if !strings.HasPrefix(set, "CARDEA_") { // the caller's own
			cmd.Env = append(cmd.Env, set)
		}
	}
	cmd.Env = append(cmd.Env, c.env...)
	return cmd
}

// Seed lets Cardea make its tables, and then fills them.
func (c cardea) Seed(dir string, people int) error {
	s, err := start(context.Background(), c, dir)
	if err != nil {
		return err
	}
	s.stop()
	return seedCardea(dir+"/cardea.db", people)
}

var base32Upper = base32.StdEncoding.WithPadding(base32.NoPadding)

// token is the cookie's value of a person's session: 26 characters of base 32, as
// Cardea makes them, but from a number, so that nobody has to remember a million.
func token(person int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "session %d", person))
	return base32Upper.EncodeToString(sum[:])[:26]
}

// id is a person's: 16 characters of base 32, in lower case.
func id(person int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "person %d", person))
	return strings.ToLower(base32Upper.EncodeToString(sum[:]))[:16]
}

func cookie(person int) string { return "Cookie: session=" + token(person) }

func (c cardea) Read(person int) []byte { return get("/api/user", cookie(person)) }

func (c cardea) Login(person int) []byte { return login(person) }

func login(person int) []byte {
	return postJSON("/api/login", "", fmt.Sprintf(`{"email":%q,"password":%q}`, email(person), password))
}

func (c cardea) Register(number int) []byte { return register(number) }

func register(number int) []byte {
	return postJSON("/api/register", "", fmt.Sprintf(`{"name":"New %07d","email":"new%07d@example.com","password":%q}`,
		number, number, password))
}

func (c cardea) SetPicture(client *client, person int, photo []byte) error {
	_, err := client.do(upload("POST", "/api/upload-picture", cookie(person), "profile_pic", photo))
	return err
}

// call is one of the contract, for measuring what it costs as data grows.
type call struct {
	name    string
	costly  bool // so that fewer are enough
	again   bool // by the people of the call before, whom the server knows by then
	request func(person int) []byte
}

// calls are those that read or write what grows, as people make them: they come,
// and do a few things. Nothing can follow the last.
func (c cardea) calls(picture []byte) []call {
	send := func(method, path, body string) func(int) []byte {
		return func(p int) []byte { return request(method, path, cookie(p), "application/json", []byte(body)) }
	}
	setPicture := func(p int) []byte { return upload("POST", "/api/upload-picture", cookie(p), "profile_pic", picture) }
	change := fmt.Sprintf(`{"current_password":%q,"new_password":"another of mine"}`, password)
	return []call{
		{name: firstRead, request: c.Read},
		{name: "`GET /api/user`", request: c.Read, again: true},
		{name: "`GET /`", request: func(p int) []byte { return get("/", cookie(p)) }, again: true},
		{name: "`GET /api/sessions`", request: func(p int) []byte { return get("/api/sessions", cookie(p)) }, again: true},
		{name: "`PATCH /api/user`", request: send("PATCH", "/api/user", `{"name":"Renamed"}`), again: true},
		{name: "`DELETE /api/sessions`", request: send("DELETE", "/api/sessions", ""), again: true},
		{name: "`POST /api/upload-picture`", request: setPicture, costly: true, again: true},
		{name: "`DELETE /api/upload-picture`", request: send("DELETE", "/api/upload-picture", ""), costly: true, again: true},
		{name: "`POST /api/login`", request: c.Login, costly: true},
		{name: "`POST /api/register`", request: c.Register, costly: true},
		{name: "`POST /api/password`", request: send("POST", "/api/password", change), costly: true},
		{name: "`POST /api/logout`", request: send("POST", "/api/logout", "{}")},
	}
}
