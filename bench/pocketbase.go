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
// What comes nearest to "who am I" is to read one's own record with one's token:
// both are checked against the database. Its auth-refresh would sign a new token
// each time, which costs more.
type pocketBase struct {
	binary string
	people []signedIn
}

type signedIn struct{ id, token string }

func (p *pocketBase) Name() string   { return "PocketBase" }
func (p *pocketBase) Hash() string   { return "bcrypt, cost 10" }
func (p *pocketBase) Health() string { return "/api/health" }

func (p *pocketBase) Command(dir, address string) *exec.Cmd {
	return exec.Command(p.binary, "serve", "--dir", dir, "--http", address) //nolint:gosec,noctx // the binary built here; stopped by server.stop
}

func (p *pocketBase) Seed(dir string, people int) error {
	out, err := output(exec.Command(p.binary, "seed", "--dir", dir, fmt.Sprint(people), password)) //nolint:gosec,noctx // the binary built here
	if err != nil {
		return err
	}
	p.people = nil
	for line := range strings.Lines(string(out)) {
		id, token, _ := strings.Cut(strings.TrimSpace(line), " ")
		p.people = append(p.people, signedIn{id, token})
	}
	return nil
}

// output is what a command writes; an error has what it complained of.
func output(cmd *exec.Cmd) ([]byte, error) {
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", cmd, err, complaint.Bytes())
	}
	return out, err
}

func (p *pocketBase) Read(person int) []byte {
	who := p.people[person]
	return get("/api/collections/users/records/"+who.id, "Authorization: "+who.token)
}

func (p *pocketBase) Login(person int) []byte {
	return postJSON("/api/collections/users/auth-with-password", "", fmt.Sprintf(`{"identity":%q,"password":%q}`, email(person), password))
}

func (p *pocketBase) Register(number int) []byte {
	return postJSON("/api/collections/users/records", "", fmt.Sprintf(
		`{"name":"New %07d","email":"new%07d@example.com","password":%q,"passwordConfirm":%q}`, number, number, password, password))
}

// SetPicture asks for the thumbnail as well: PocketBase makes it when it is first asked for.
func (p *pocketBase) SetPicture(c *client, person int, photo []byte) error {
	who := p.people[person]
	a, err := c.do(upload("PATCH", "/api/collections/users/records/"+who.id, "Authorization: "+who.token, "avatar", photo))
	if err != nil {
		return err
	}
	var record struct {
		Avatar string `json:"avatar"`
	}
	if err := json.Unmarshal(a.body, &record); err != nil {
		return err
	}
	thumb, err := c.do(get("/api/files/users/"+who.id+"/"+record.Avatar+"?thumb=512x512", ""))
	if err == nil && len(thumb.body) >= len(photo) {
		err = fmt.Errorf("PocketBase made no thumbnail: %d bytes", len(thumb.body))
	}
	return err
}
