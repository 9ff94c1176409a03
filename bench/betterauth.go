package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// betterAuth is the server in the folder betterauth, on PostgreSQL, in node's mode for production.
// It keeps no pictures.
//
// Its counterpart of GET /api/user is get-session, which looks the session and its user up in the
// database. It can keep sessions in a signed cookie instead, which it then accepts for five
// minutes after a logout. That is off by default, and here.
type betterAuth struct {
	folder   string // with the installed packages
	backends *backends
	cookies  []string
	longest  int // of the cookies
}

func (p *betterAuth) Name() string   { return "better-auth" }
func (p *betterAuth) Hash() string   { return "scrypt, N 16384, r 16" }
func (p *betterAuth) Health() string { return "/api/auth/ok" }

func (p *betterAuth) Command(dir, address string) *exec.Cmd { return p.command(dir, address) }

func (p *betterAuth) command(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command("node", append([]string{filepath.Join(p.folder, "server.js")}, args...)...) //nolint:gosec,noctx // our own file; stopped by server.stop
	at, err := p.backends.of(dir)
	if err != nil {
		cmd.Err = err // Start returns it
	}
	cmd.Env = append(os.Environ(), "NODE_ENV=production", "DATABASE_URL="+at.database)
	return cmd
}

func (p *betterAuth) Seed(dir string, users int) error {
	out, err := output(p.command(dir, "seed", fmt.Sprint(users), password))
	p.cookies, p.longest = strings.Fields(string(out)), 0
	for _, cookie := range p.cookies {
		p.longest = max(p.longest, len(cookie))
	}
	return err
}

// Read pads the cookie, because all requests have the same size. Servers ignore spaces at the end
// of a header.
func (p *betterAuth) Read(user int) []byte {
	return get("/api/auth/get-session", fmt.Sprintf("Cookie: %-*s", p.longest, p.cookies[user]))
}

func (p *betterAuth) Login(user int) []byte {
	return postJSON("/api/auth/sign-in/email", "", fmt.Sprintf(`{"email":%q,"password":%q}`, email(user), password))
}

func (p *betterAuth) Register(number int) []byte {
	return postJSON("/api/auth/sign-up/email", "", fmt.Sprintf(`{"name":"New %07d","email":"new%07d@example.com","password":%q}`,
		number, number, password))
}

// installBetterAuth copies the folder betterauth into the cache and installs the packages there,
// unless they are installed. It returns the folder.
func installBetterAuth(ctx context.Context) (folder string, err error) {
	if tool := missing("node", "npm"); tool != "" {
		return "", errors.New(tool + " is not installed")
	}
	if folder, err = filepath.Abs(filepath.Join(cache, "betterauth")); err != nil {
		return "", err
	}
	const lock = "package-lock.json"
	installed, _ := os.ReadFile(filepath.Join(folder, lock)) // none: not installed
	wanted, err := os.ReadFile(filepath.Join("betterauth", lock))
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(folder, "node_modules")); err != nil {
		installed = nil
	}
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return "", err
	}
	for _, name := range []string{"package.json", lock, "server.js"} {
		text, err := fs.ReadFile(os.DirFS("betterauth"), name)
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name), text, 0o600)
		}
		if err != nil {
			return "", err
		}
	}
	if bytes.Equal(installed, wanted) {
		return folder, nil
	}
	cmd := exec.CommandContext(ctx, "npm", "ci", "--omit=optional", "--omit=peer", "--no-audit", "--no-fund")
	cmd.Dir = folder
	_, err = output(cmd)
	return folder, err
}
