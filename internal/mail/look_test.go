package mail_test

import (
	"context"
	"flag"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/mail"
)

var look = flag.String("look", "", "a folder for pictures of mails, drawn by chromium; empty: none")

// TestLook draws mails as a browser shows them, for people to look at.
func TestLook(t *testing.T) {
	if *look == "" {
		t.Skip("without -look")
	}
	long := example(mail.Address, "de")
	long.Name = strings.TrimSpace(strings.Repeat("Maximiliane ", 8))
	long.To = strings.Repeat("a", 64) + "@" + strings.Repeat("example.", 22) + "com"
	for _, c := range []struct {
		name    string
		message mail.Message
		width   int // of the window, in CSS pixels
		dark    bool
	}{
		{"reset-en", example(mail.Reset, "en"), 800, false},
		{"reset-en-dark", example(mail.Reset, "en"), 800, true},
		{"reset-de-narrow", example(mail.Reset, "de"), 320, false},
		{"address-de-dark-narrow", example(mail.Address, "de"), 320, true},
		{"login-fr-dark-narrow", example(mail.Login, "fr"), 320, true},
		{"device-es", example(mail.Device, "es"), 800, false},
		{"device-en-narrow", example(mail.Device, "en"), 320, false},
		{"taken-de", example(mail.Taken, "de"), 800, false},
		{"long-de-narrow", long, 320, false},
	} {
		draw(t, c.name, compose(t, app, c.message).HTML, c.width, c.dark)
	}
}

// draw writes a picture of a page. The page is in a frame, because windows of chromium
// have a smallest width.
func draw(t *testing.T, name, page string, width int, dark bool) {
	t.Helper()
	folder, err := filepath.Abs(*look)
	if err != nil {
		t.Fatal(err)
	}
	scheme := "1"
	if dark {
		scheme = "0"
	}
	framed := filepath.Join(t.TempDir(), "frame.html")
	content := `<!doctype html><body style="margin:0"><iframe style="border:0;width:` + strconv.Itoa(width) +
		`px;height:1000px" srcdoc="` + html.EscapeString(page) + `"></iframe>`
	if err := os.WriteFile(framed, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
		"--blink-settings=preferredColorScheme="+scheme, "--user-data-dir="+t.TempDir(), "--window-size="+strconv.Itoa(max(width, 500))+",1000",
		"--screenshot="+filepath.Join(folder, name+".png"), "file://"+framed).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
