package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// flask is the small Flask app in the folder flask. It runs under gunicorn with
// 2 × cores + 1 workers, as gunicorn's documentation advises, and without a request log.
type flask struct{ cookies []string }

// debianPython is the interpreter that Debian's packages install for.
const debianPython = "/usr/bin/python3"

func (f *flask) Name() string   { return "Flask" }
func (f *flask) Hash() string   { return "PBKDF2-SHA256, 260,000 rounds" }
func (f *flask) Health() string { return "/api/user" }

func (f *flask) Command(dir, address string) *exec.Cmd {
	cmd := exec.Command("gunicorn", "--chdir", "flask", "--bind", address, "--workers", fmt.Sprint(2*runtime.NumCPU()+1), "app:app") //nolint:gosec,noctx // stopped by server.stop
	cmd.Env = f.env(dir)
	return cmd
}

func (f *flask) env(dir string) []string {
	return append(os.Environ(), "FLASK_DATA="+dir, "PYTHONDONTWRITEBYTECODE=1")
}

func (f *flask) Seed(dir string, users int) error {
	cmd := exec.Command(debianPython, "flask/app.py", "seed", fmt.Sprint(users), password) //nolint:gosec,noctx // it runs to its end
	cmd.Env = f.env(dir)
	out, err := output(cmd)
	f.cookies = strings.Fields(string(out))
	return err
}

func (f *flask) cookie(user int) string { return "Cookie: session=" + f.cookies[user] }

func (f *flask) Read(user int) []byte       { return get("/api/user", f.cookie(user)) }
func (f *flask) Login(user int) []byte      { return login(user) }
func (f *flask) Register(number int) []byte { return register(number) }

func (f *flask) SetPicture(c *client, user int, photo []byte) error {
	_, err := c.do(upload("POST", "/api/upload-picture", f.cookie(user), "profile_pic", photo))
	return err
}
