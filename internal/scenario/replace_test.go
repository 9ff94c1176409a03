package scenario

import (
	"bytes"
	"image"
	"image/color"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

func TestPictureIsReplacedAndRemoved(t *testing.T) {
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	first := client.Upload("a.png", testkit.PNG(10, 10)).PicturePath()
	tag := client.Get(first).Header.Get("ETag")
	if again := client.Upload("a.png", testkit.PNG(20, 20)).PicturePath(); again != first {
		t.Errorf("the same name is at %s, before at %s", again, first)
	}
	if client.Get(first).Header.Get("ETag") == tag {
		t.Error("another picture has the same ETag")
	}
	second := client.Upload("b.png", testkit.PNG(30, 30)).PicturePath()
	client.Get(first).Want(http.StatusFound)
	client.Get(second).Want(http.StatusOK)
	if n := len(server.StoredFiles(t)); n != 1 {
		t.Errorf("%d files are stored, want one", n)
	}

	server.NewClient(t).Delete("/api/upload-picture").Want(http.StatusUnauthorized)
	for range 2 { // also without a picture
		client.Delete("/api/upload-picture").Want(http.StatusOK)
		client.Get(first).WantError(http.StatusNotFound, "picture_not_found")
		client.Get(second).WantError(http.StatusNotFound, "picture_not_found")
		if user := client.User(); user.Picture != nil {
			t.Errorf("picture %s after its deletion", *user.Picture)
		}
	}
	if files := server.StoredFiles(t); len(files) != 0 {
		t.Errorf("left in storage: %v", files)
	}
}

// While two devices replace a picture again and again, visitors always see one of the two
// pictures, complete, in every size and under its own ETag.
func TestReplacingIsAllOrNothing(t *testing.T) {
	t.Parallel()
	server := testkit.Start(t)
	ada := server.Register(t, "ada@example.com")
	pictures := [][]byte{testkit.EncodePNG(bands(600, testkit.Red, testkit.Green)), testkit.EncodePNG(bands(600, testkit.Blue, testkit.White))}
	address := ada.Upload("me.png", pictures[1]).PicturePath()
	var ended sync.WaitGroup
	over := make(chan struct{})
	for _, size := range []string{"", "?size=64", "?size=512"} {
		visitor, known := server.NewClient(t), map[string][]byte{}
		ended.Go(func() {
			for {
				select {
				case <-over:
					if len(known) != 2 {
						t.Errorf("%q was seen in %d versions", size, len(known))
					}
					return
				default:
				}
				a := visitor.Get(address + size)
				if a.Status != http.StatusOK {
					t.Errorf("%q: %d %s", size, a.Status, a.Body)
					return
				}
				tag := a.Header.Get("ETag")
				if known[tag] == nil {
					known[tag] = a.Body
					wantBands(t, a.Body)
				}
				if !bytes.Equal(a.Body, known[tag]) {
					t.Errorf("%q: two contents have one ETag", size)
				}
			}
		})
	}
	var uploads sync.WaitGroup
	for _, p := range pictures {
		device := server.NewClient(t)
		device.Cookie = ada.Cookie
		uploads.Go(func() {
			for range 5 {
				if a := device.Upload("me.png", p); a.Status != http.StatusOK {
					t.Errorf("upload: %d %s", a.Status, a.Body)
				}
			}
		})
	}
	uploads.Wait()
	close(over)
	ended.Wait()
	if n := len(server.StoredFiles(t)); n != 5 {
		t.Errorf("%d files are stored, want five", n)
	}
}

// bands is a square whose last rows have another colour.
func bands(side int, above, below color.RGBA) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			m.SetRGBA(x, y, above)
			if y >= side-side/8 {
				m.SetRGBA(x, y, below)
			}
		}
	}
	return m
}

// wantBands fails the test unless the file is one of the two pictures, complete.
func wantBands(t *testing.T, data []byte) {
	t.Helper()
	m, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		t.Error(err)
		return
	}
	if testkit.IsColor(m.At(3, 3), testkit.Red) {
		testkit.WantCorners(t, m, testkit.Red, testkit.Red, testkit.Green, testkit.Green)
	} else {
		testkit.WantCorners(t, m, testkit.Blue, testkit.Blue, testkit.White, testkit.White)
	}
}

// Crops are deleted with their picture, and are not served any more.
func TestCropsGoWithTheirPicture(t *testing.T) {
	t.Parallel()
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	picture := testkit.EncodeJPEG(testkit.Quadrants(600, 600))
	upload := func(name string) string {
		t.Helper()
		client.Upload(name, picture).Want(http.StatusOK)
		if n := len(server.StoredFiles(t)); n != 5 {
			t.Errorf("with %s, %d files are stored", name, n)
		}
		return client.Crops()[256]
	}
	first := upload("a.jpg")
	second := upload("b.jpg")
	server.NewClient(t).Get(first).Want(http.StatusFound)
	client.Delete("/api/upload-picture").Want(http.StatusOK)
	server.NewClient(t).Get(first).WantError(http.StatusNotFound, "picture_not_found")
	server.NewClient(t).Get(second).WantError(http.StatusNotFound, "picture_not_found")
	if crops := client.Crops(); len(crops) != 0 {
		t.Errorf("the picture was removed, but the user has the crops %v", crops)
	}
	third := upload("c.jpg")

	if _, err := server.Operate(t).Delete(t.Context(), "ada@example.com"); err != nil {
		t.Fatal(err)
	}
	server.NewClient(t).Get(third).WantError(http.StatusNotFound, "picture_not_found")
	if files := server.StoredFiles(t); len(files) != 0 {
		t.Errorf("left in storage: %v", files)
	}
}

// Many uploads leave as many files as one.
func TestManyUploadsLeaveOne(t *testing.T) {
	t.Parallel()
	server := testkit.Start(t)
	client := server.Register(t, "ada@example.com")
	pictures := [][]byte{testkit.EncodePNG(testkit.Quadrants(80, 70)), testkit.EncodePNG(testkit.Quadrants(70, 80))}
	client.Upload("me.png", pictures[1]).Want(http.StatusOK)
	files, size := stored(t, server)
	if files != 3 {
		t.Fatalf("%d files, want the picture, a crop of 64 and one of 70", files)
	}
	for i := range 50 {
		client.Upload("me.png", pictures[i%2]).Want(http.StatusOK)
	}
	if n, bytes := stored(t, server); n != files || bytes != size {
		t.Errorf("%d files of %d bytes, before %d of %d", n, bytes, files, size)
	}
	folders, err := filepath.Glob(filepath.Join(server.Data, "pictures", "*", "*"))
	if err != nil || len(folders) != files {
		t.Errorf("%d files in the folders (%v)", len(folders), err)
	}
}

// stored returns the number and total size of stored files.
func stored(t *testing.T, server *testkit.Server) (files int, bytes int64) {
	t.Helper()
	for _, name := range server.StoredFiles(t) {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		files++
		bytes += info.Size()
	}
	return files, bytes
}
