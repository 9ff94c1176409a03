package picture_test

import (
	"image"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/picture"
)

// jpegFiles returns the files of package jpeg, which show jpegScene.
func jpegFiles(t testing.TB) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("../jpeg/testdata/*.jpg")
	if err != nil || len(names) < 10 {
		t.Fatal(names, err)
	}
	files := map[string][]byte{}
	for _, name := range names {
		files[filepath.Base(name)] = readFile(t, name)
	}
	return files
}

func jpegScene(t testing.TB) image.Image {
	t.Helper()
	return readImage(t, readFile(t, "../jpeg/testdata/scene.png"))
}

// Planes of every sampling become the picture that was encoded.
func TestEveryKindOfJPEG(t *testing.T) {
	want := jpegScene(t)
	gray := convert(image.NewGray(want.Bounds()), want)
	for name, data := range jpegFiles(t) {
		got, err := picture.DecodeJPEG(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		like := want
		if strings.Contains(name, "gray") {
			like = gray
		}
		least := 0.97
		if name == "odd_factors.jpg" {
			least = 0.9 // has less of brightness than of colour
		}
		if s, d := ssim(got, like), difference(got, like); s < least || d > 1.5 {
			t.Errorf("%s: SSIM %.4f, colours off by %.2f", name, s, d)
		}
	}
}
