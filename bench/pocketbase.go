package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
)

// pocketBase is PocketBase with its own collection of users.
//
// Its nearest call to GET /api/user is to read the user's own record with the user's
// token. PocketBase checks both against the database. Its auth-refresh would also sign a
// new token, which costs more.
type pocketBase struct {
	binary string
	users  []signedIn
}

type signedIn struct{ id, token string }

func (p *pocketBase) Name() string   { return "PocketBase" }
func (p *pocketBase) Hash() string   { return "bcrypt, cost 10" }
func (p *pocketBase) Health() string { return "/api/health" }

func (p *pocketBase) Command(dir, address string) *exec.Cmd {
	return exec.Command(p.binary, "serve", "--dir", dir, "--http", address) //nolint:gosec,noctx // the binary built here; stopped by server.stop
}

func (p *pocketBase) Seed(dir string, users int) error {
	out, err := output(exec.Command(p.binary, "seed", "--dir", dir, fmt.Sprint(users), password)) //nolint:gosec,noctx // the binary built here
	if err != nil {
		return err
	}
	p.users = nil
	for line := range strings.Lines(string(out)) {
		id, token, _ := strings.Cut(strings.TrimSpace(line), " ")
		p.users = append(p.users, signedIn{id, token})
	}
	return nil
}

// output runs a command and returns its output. An error includes its standard error.
func output(cmd *exec.Cmd) ([]byte, error) {
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", cmd, err, stderr.Bytes())
	}
	return out, err
}

func (p *pocketBase) Read(user int) []byte {
	u := p.users[user]
	return get("/api/collections/users/records/"+u.id, "Authorization: "+u.token)
}

func (p *pocketBase) Login(user int) []byte {
	return postJSON("/api/collections/users/auth-with-password", "", fmt.Sprintf(`{"identity":%q,"password":%q}`, email(user), password))
}

func (p *pocketBase) Register(number int) []byte {
	return postJSON("/api/collections/users/records", "", fmt.Sprintf(
		`{"name":"New %07d","email":"new%07d@example.com","password":%q,"passwordConfirm":%q}`, number, number, password, password))
}

// SetPicture also requests the thumbnail, because PocketBase creates it on the first
// request.
func (p *pocketBase) SetPicture(c *client, user int, photo []byte) error {
	u := p.users[user]
	a, err := c.do(upload("PATCH", "/api/collections/users/records/"+u.id, "Authorization: "+u.token, "avatar", photo))
	if err != nil {
		return err
	}
	var record struct {
		Avatar string `json:"avatar"`
	}
	if err := json.Unmarshal(a.body, &record); err != nil {
		return err
	}
	thumb, err := c.do(get("/api/files/users/"+u.id+"/"+record.Avatar+"?thumb=512x512", ""))
	if err == nil && len(thumb.body) >= len(photo) {
		err = fmt.Errorf("PocketBase made no thumbnail: %d bytes", len(thumb.body))
	}
	return err
}
