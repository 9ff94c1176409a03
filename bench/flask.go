package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// flask is our own small Flask app, in the folder of that name, under gunicorn as
// its documentation advises: 2 × cores + 1 workers, no log of requests.
type flask struct{ cookies []string }

// debianPython is the one that Debian's packages are for.
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

func (f *flask) Seed(dir string, people int) error {
	cmd := exec.Command(debianPython, "flask/app.py", "seed", fmt.Sprint(people), password) //nolint:gosec,noctx // it runs to its end
	cmd.Env = f.env(dir)
	out, err := output(cmd)
	f.cookies = strings.Fields(string(out))
	return err
}

func (f *flask) cookie(person int) string { return "Cookie: session=" + f.cookies[person] }

func (f *flask) Read(person int) []byte     { return get("/api/user", f.cookie(person)) }
func (f *flask) Login(person int) []byte    { return login(person) }
func (f *flask) Register(number int) []byte { return register(number) }

func (f *flask) SetPicture(c *client, person int, photo []byte) error {
	_, err := c.do(upload("POST", "/api/upload-picture", f.cookie(person), "profile_pic", photo))
	return err
}
