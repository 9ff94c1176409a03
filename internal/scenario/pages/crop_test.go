package pages

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	_ "image/jpeg"
	_ "image/png"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/cardea-accounts/cardea/internal/testkit"
	"github.com/cardea-accounts/cardea/internal/testkit/browser"
)

// halves makes a wide picture, red on the left and blue on the right, that a browser can choose.
func halves(t *testing.T, width, height int) string {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(m, m.Bounds(), image.NewUniform(color.RGBA{B: 255, A: 255}), image.Point{}, draw.Src)
	draw.Draw(m, image.Rect(0, 0, width/2, height), image.NewUniform(color.RGBA{R: 255, A: 255}), image.Point{}, draw.Src)
	file := filepath.Join(t.TempDir(), "halves.png")
	if err := os.WriteFile(file, testkit.EncodePNG(m), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// redOf returns how much of the account page's avatar is red.
func redOf(t *testing.T, tab *browser.Tab) float64 {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", browser.Evaluate[string](tab, `document.querySelector("#picture img").src`), nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // it was only read
	var data bytes.Buffer
	if _, err := data.ReadFrom(res.Body); err != nil {
		t.Fatal(err)
	}
	m, _, err := image.Decode(&data)
	if err != nil {
		t.Fatal(err)
	}
	red, size := 0, m.Bounds().Size()
	for y := range size.Y {
		for x := range size.X {
			if r, _, b, _ := m.At(x, y).RGBA(); r > b {
				red++
			}
		}
	}
	return float64(red) / float64(size.X*size.Y)
}

// A user chooses the square by keys, buttons and the slider. A large picture is scaled down before
// it is sent.
func TestCrop(t *testing.T) {
	t.Parallel()
	server := testkit.Start(t)
	tab := signedIn(t, server)
	tab.Go(server.URL + "/account")
	for _, c := range []struct {
		what          string
		width, height int
		act           func()
		min, max      float64
	}{
		{"the middle", 400, 200, func() {}, 0.45, 0.55},
		{"keys", 400, 200, func() { tab.Press(strings.Repeat(kb.ArrowRight, 30)) }, 1, 1},
		{"buttons", 400, 200, func() {
			for range 15 {
				tab.Touch(`#crop [data-keys=ArrowLeft]`)
			}
		}, 0, 0},
		{"zoom", 400, 200, func() {
			for range 4 {
				tab.Touch(`#crop [data-keys="+ ="]`)
			}
			for range 10 {
				tab.Touch(`#crop [data-keys=ArrowRight]`)
			}
		}, 0.8, 1},
		{"a large picture", 2500, 1250, func() { tab.Press(strings.Repeat(kb.ArrowRight, 30)) }, 1, 1},
	} {
		tab.Choose("picture-profile_pic", halves(t, c.width, c.height))
		tab.Await(`document.getElementById("crop").open`)
		c.act()
		tab.Click("#crop button[value=use]")
		wantOutcome(t, tab, "profile", "Picture saved.")
		if red := redOf(t, tab); red < c.min || red > c.max {
			t.Errorf("%s: %.2f of the avatar is red", c.what, red)
		}
	}
	tab.Choose("picture-profile_pic", halves(t, 400, 200))
	tab.Await(`document.getElementById("crop").open`)
	tab.Touch(`#crop button[value=""]`)
	tab.Await(`!document.getElementById("crop").open`)
	if red := redOf(t, tab); red != 1 {
		t.Error("cancelled, and saved all the same")
	}
}

// What is wrong with a file is said without leaving the page.
func TestCropOfNoPicture(t *testing.T) {
	t.Parallel()
	server := testkit.Start(t)
	tab := signedIn(t, server)
	tab.Go(server.URL + "/account")
	file := filepath.Join(t.TempDir(), "no.png")
	if err := os.WriteFile(file, []byte("no picture"), 0o600); err != nil {
		t.Fatal(err)
	}
	tab.Choose("picture-profile_pic", file)
	tab.Await(`document.querySelector("[data-failed]").textContent !== ""`)
	if got := tab.Text("[data-failed]"); !strings.Contains(got, "PNG") {
		t.Errorf("it says %q", got)
	}
}
