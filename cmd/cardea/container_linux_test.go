package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

const repository = "../.."

// container is what the last stage of the Dockerfile leaves, and how it is run.
type container struct {
	root    string // the folder that is / in the container
	env     []string
	user    uint32
	command []string
	health  []string
	exposed string
	volume  string
}

// instructions reads the Dockerfile, as pairs of an instruction and what follows it. No
// instruction is longer than its line.
func instructions(t *testing.T) (list [][2]string) {
	t.Helper()
	for line := range strings.Lines(string(readFile(t, filepath.Join(repository, "Dockerfile")))) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			name, rest, _ := strings.Cut(line, " ")
			list = append(list, [2]string{name, rest})
		}
	}
	return list
}

// buildImage does what the Dockerfile says: here, with the Go of this machine, and /out in a
// temporary folder. Modules are there already.
func buildImage(t *testing.T) *container {
	t.Helper()
	m := &container{root: t.TempDir()}
	out := t.TempDir()
	stage := ""
	for _, step := range instructions(t) {
		switch name, rest := step[0], step[1]; name {
		case "FROM":
			stage = rest
		case "RUN":
			if rest != "go mod download" {
				shell(t, strings.ReplaceAll(rest, "/out/", out+"/"))
			}
		case "COPY":
			if stage == "scratch" {
				m.copy(t, strings.Fields(rest), out)
			}
		case "ENV":
			m.env = append(m.env, strings.Fields(rest)...)
		case "USER":
			user, group, _ := strings.Cut(rest, ":")
			id, err := strconv.ParseUint(user, 10, 32)
			if err != nil || id == 0 || group != user {
				t.Fatalf("USER %s is not a number, or is root", rest)
			}
			m.user = uint32(id)
		case "VOLUME":
			m.volume = rest
		case "EXPOSE":
			m.exposed = rest
		case "HEALTHCHECK":
			m.health = list(t, rest[strings.Index(rest, "CMD ")+4:])
		case "ENTRYPOINT", "CMD":
			m.command = append(m.command, list(t, rest)...)
		case "WORKDIR", "ARG":
		default:
			t.Fatalf("the test does not know %s", name)
		}
	}
	return m
}

// list reads the form of commands that needs no shell.
func list(t *testing.T, text string) (words []string) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &words); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return words
}

func shell(t *testing.T, line string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-ec", "umask 022; "+line) //nolint:gosec // of the Dockerfile
	cmd.Dir = repository
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", line, err, out)
	}
}

// copy does COPY --from=build [--chown=user:group] from to.
func (m *container) copy(t *testing.T, words []string, out string) {
	t.Helper()
	owner := "0:0"
	for ; strings.HasPrefix(words[0], "--"); words = words[1:] {
		if o, ok := strings.CutPrefix(words[0], "--chown="); ok {
			owner = o
		}
	}
	from, to := words[0], filepath.Join(m.root, words[1])
	if rest, ok := strings.CutPrefix(from, "/out/"); ok {
		from = filepath.Join(out, rest)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	shell(t, "cp -a "+from+" "+to+" && chown "+owner+" "+to)
}

// start runs a command in the container, with no environment but that of the image.
func (m *container) start(t *testing.T, command ...string) *process {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...) //nolint:gosec // of the image
	cmd.Dir, cmd.Env = "/", m.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: m.root, Credential: &syscall.Credential{Uid: m.user, Gid: m.user}}
	p := &process{t: t, cmd: cmd, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.stdout, &p.stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { defer close(p.ended); _ = cmd.Wait() }() // code tells how it ended
	t.Cleanup(p.cleanUp)
	return p
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		skipFault(t, "the test runs a container's files by chroot", os.ErrPermission)
	}
}

// The image has all that Cardea needs, and the user that it names can do all in it: start,
// keep accounts, tell its health, stop, and start again on the same volume.
func TestContainer(t *testing.T) {
	needRoot(t)
	m := buildImage(t)
	_, port, _ := strings.Cut(freeAddress(t), ":")
	if !slices.Contains(m.env, "CARDEA_LISTEN=:"+m.exposed) {
		t.Errorf("the server does not listen at the port %s: %s", m.exposed, m.env)
	}
	m.env = append(m.env, "CARDEA_LISTEN=:"+port) // tests share the network of the machine
	if err := exec.CommandContext(t.Context(), "ldd", filepath.Join(m.root, m.command[0])).Run(); err == nil {
		t.Error("the program needs libraries, which the image does not have")
	}
	if _, err := os.Stat(filepath.Join(m.root, "/etc/ssl/certs/ca-certificates.crt")); err != nil { // where crypto/x509 looks
		t.Error(err)
	}

	m.start(t, m.health...).wantEnd(exitFailed, "connection refused")
	s := awaitServer(m.start(t, m.command...))
	if !strings.Contains(s.stdout.String(), "keeps its data in "+m.volume+"\n") {
		t.Errorf("the data is not in the volume %s: %s", m.volume, &s.stdout)
	}
	ada := s.client()
	ada.Register("ada@example.com")
	ada.Upload("ada.png", testkit.PNG(20, 20)).Want(200)
	m.start(t, m.health...).wantDone("http://127.0.0.1:" + port + ": Ready.")
	m.start(t, "/cardea", "user", "list").wantDone("ada@example.com")
	m.start(t, "/cardea", "backup", "/tmp/b.tar").wantDone("verified")
	m.start(t, "/cardea", "backup", "-").wantDone("cardea.db")
	s.stop()

	again := awaitServer(m.start(t, m.command...))
	ada.URL = again.url
	ada.Get("/api/user").Want(200)
	again.stop()
	m.newVolume(t, int(m.user), 0o700)
	m.start(t, "/cardea", "restore", "/tmp/b.tar").wantDone("1 user, 1 session, 1 picture")
	m.inKubernetes(t)
	if log := s.stderr.String(); strings.Contains(log, `"level":"ERROR"`) {
		t.Error(log)
	}
}

// newVolume replaces the volume by an empty one.
func (m *container) newVolume(t *testing.T, owner int, mode os.FileMode) {
	t.Helper()
	volume := filepath.Join(m.root, m.volume)
	if err := os.Rename(volume, t.TempDir()+"/old"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Mkdir(volume, 0o700), os.Chown(volume, owner, int(m.user)), os.Chmod(volume, mode)); err != nil {
		t.Fatal(err)
	}
}

// inKubernetes starts on a volume that belongs to root, as Kubernetes mounts it with fsGroup:
// in a folder below it or, with a key from a vault, in the volume itself.
func (m *container) inKubernetes(t *testing.T) {
	t.Helper()
	env := append(slices.Clone(m.env), "CARDEA_LISTEN=127.0.0.1:0")
	m.env = env
	m.newVolume(t, 0, 0o775|os.ModeSetgid)
	m.start(t, m.command...).wantEnd(exitFailed, "/data has mode 0775", "others can read")
	m.env = append(slices.Clone(env), "CARDEA_DATA=/data/cardea")
	awaitServer(m.start(t, m.command...)).stop()

	m.newVolume(t, 0, 0o775|os.ModeSetgid)
	key := filepath.Join(m.root, "data", "secret.key")
	writeFile(t, key, []byte(base64.StdEncoding.EncodeToString(make([]byte, 32))))
	if err := errors.Join(os.Chown(key, 0, int(m.user)), os.Chmod(key, 0o440)); err != nil {
		t.Fatal(err)
	}
	m.env = append(slices.Clone(env), "CARDEA_DATA_ACCESS=any")
	awaitServer(m.start(t, m.command...)).stop()
}

// The image is built from files that .dockerignore lets through, and data and history are
// not among them.
func TestDockerignore(t *testing.T) {
	var let []string
	for line := range strings.Lines(string(readFile(t, filepath.Join(repository, ".dockerignore")))) {
		if pattern, ok := strings.CutPrefix(strings.TrimSpace(line), "!"); ok {
			let = append(let, pattern)
		}
	}
	passes := func(file string) bool {
		first, _, isBelow := strings.Cut(file, "/")
		return slices.ContainsFunc(let, func(pattern string) bool {
			ok, err := path.Match(pattern, first)
			return ok && err == nil && (!isBelow || !strings.Contains(pattern, "*"))
		}) && !strings.Contains(file, "testdata") && !strings.HasSuffix(file, "_test.go")
	}
	format := `{{$p := .}}{{with .Module}}{{if .Main}}{{range $p.GoFiles}}{{$p.Dir}}/{{.}}{{"\n"}}{{end}}{{range $p.EmbedFiles}}{{$p.Dir}}/{{.}}{{"\n"}}{{end}}{{end}}{{end}}`
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", format, "./cmd/cardea")
	cmd.Dir = repository
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	files := append(strings.Fields(strings.ReplaceAll(string(out), root+"/", "")), "go.mod", "go.sum")
	if len(files) < 200 {
		t.Fatalf("only %d files", len(files))
	}
	for _, file := range files {
		if !passes(file) {
			t.Errorf(".dockerignore leaves out %s", file)
		}
	}
	for _, file := range []string{".git/config", "cardea-data/cardea.db", "cardea-data/secret.key", "docs/deploy.md", "bin/cardea"} {
		if passes(file) {
			t.Errorf(".dockerignore lets %s through", file)
		}
	}
}

// The image is built with the version of Go that the module asks for.
func TestDockerfileHasTheGoOfTheModule(t *testing.T) {
	asked := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(string(readFile(t, filepath.Join(repository, "go.mod"))))
	if from := instructions(t)[0][1]; asked == nil || !strings.Contains(from, " golang:"+asked[1]+" ") {
		t.Errorf("FROM %s, and go.mod has %v", from, asked)
	}
}
