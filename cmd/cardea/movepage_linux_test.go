package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// From SQLite and a folder to PostgreSQL and S3, and back. The commands print what docs/move.md shows.
func TestMovePage(t *testing.T) {
	t.Parallel()
	const page = "move.md"
	r := newReader(t)
	r.psql("postgres", r.block("postgres.md", "sql", "CREATE ROLE"))
	data := filepath.Join(r.folder, "data")
	s := awaitServer(r.launch("cardea serve --data " + data))
	var ada *testkit.Client
	for _, name := range []string{"ann", "bob", "ada"} {
		ada = s.client()
		ada.Register(name + "@example.com").Want(201)
	}
	picture := ada.Upload("a.png", testkit.PNG(5, 5)).Want(200).PicturePath()

	// works means that ada is still signed in, and finds her picture.
	works := func(s *server) {
		t.Helper()
		here := testkit.NewClient(t, s.url)
		here.Cookie = ada.Cookie
		here.Get("/api/user").Want(200)
		here.Get(picture).Want(200)
	}
	// refuses to start, with the words of the page.
	refuses := func(when, words string, settings ...string) {
		t.Helper()
		p := r.launch("cardea serve --data "+data, settings...)
		if code := p.wait(); code != exitFailed {
			t.Errorf("%s: exit code %d", when, code)
		}
		log := p.stderr.String()
		looksLike(t, log[max(0, strings.Index(log, "cardea: ")):], r.block(page, "", words))
	}

	begin := func() (move *process, copied string, settings []string) {
		t.Helper()
		move = r.launch(r.block(page, "sh", "--to-database-password-file"))
		eventually(t, "the move waits", func() bool { return strings.Contains(move.stdout.String(), "press Ctrl-C") })
		copied = move.stdout.String()
		for _, setting := range regexp.MustCompile(`(?m)^  (\w+)='(.*)'$`).FindAllStringSubmatch(copied, -1) {
			settings = append(settings, setting[1]+"="+setting[2])
		}
		return move, copied, settings
	}
	cut, _, settings := begin()
	cut.kill()
	refuses("after an interrupted move", "was cut off", settings...)
	move, copied, settings := begin()
	s.stop()
	if code := move.wait(); code != exitOK {
		t.Fatalf("exit code %d: %s", code, &move.stderr)
	}
	looksLike(t, copied, r.block(page, "", "Copied and compared"))
	looksLike(t, strings.TrimPrefix(move.stdout.String(), copied), r.block(page, "", "Moved."))

	s = awaitServer(r.launch("cardea serve --data "+data, settings...))
	works(s)
	r.done("cardea check --data "+data, settings...)
	refuses("with the old settings", "the data was moved from this database")

	back := r.launch(strings.TrimSpace(r.block(page, "sh", "--to-database /")) + " --json")
	back.awaitCopied(patience)
	s.stop()
	if code := back.wait(); code != exitOK {
		t.Fatalf("exit code %d: %s", code, &back.stderr)
	}
	first, _, _ := strings.Cut(back.stdout.String(), "\n")
	if got, want := keys(t, first), keys(t, r.block(page, "json", "copied")); !slices.Equal(got, want) {
		t.Errorf("the JSON has the keys %v, on the page %v", got, want)
	}
	s = awaitServer(r.launch("cardea serve --data " + data + " --database " + data + "/users.db --storage " + data + "/files"))
	works(s)
	s.stop()
	if _, err := os.Stat(filepath.Join(data, "cardea.db")); err != nil {
		t.Errorf("the first database: %v", err)
	}
	r.done("cardea move --undo --data " + data)
	s = awaitServer(r.launch("cardea serve --data " + data))
	works(s)
	s.stop()
}

// looksLike compares a text with one of a page. Times and the number of rows, which has that of events,
// may differ.
func looksLike(t *testing.T, got, page string) {
	t.Helper()
	same := regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ|\b\d+s\b|\b\d+ rows\b`)
	got, page = same.ReplaceAllString(got, "…"), same.ReplaceAllString(page, "…")
	if strings.TrimSpace(got) != strings.TrimSpace(page) {
		t.Errorf("it says\n%s\nand the page\n%s", got, page)
	}
}

// keys are the sorted keys of an object in JSON.
func keys(t *testing.T, text string) []string {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return slices.Sorted(maps.Keys(object))
}
