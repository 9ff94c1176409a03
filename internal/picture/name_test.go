package picture_test

import (
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/picture"
)

func TestAllowedName(t *testing.T) {
	for name, want := range map[string]bool{
		"test.png": true, "a.jpg": true, "a.jpeg": true, "a.gif": true, "a.webp": true,
		"A.PNG": true, ".png": true, "a.b.Jpg": true, "../../x.gif": true,
		"blob": true, "png": true, "../../x": true, `C:\a.b\x`: true, "": true, // no extension
		"a.": true, "x/.": true,
		"a.jpe": true, "a.JFIF": true, "a.pjpeg": true, "a.pjp": true,
		"a.png ": true, "a.PNG. .": true, "IMG 2024.12.01": true, "Photo at 10.15.30 PM": true, "St. Moritz": true,
		"Anna.Miller": true, "a.jpg?w=200": true, "a.jpg (1)": true, "a.jpg_large": true, "a.GİF": true,
		"a.svg": false, "a.png.exe": false, "a.heic": false, "a.pngx": false, "a.html": false, "a.exe. ": false,
		"a.PHTML": false, "a.7z": false, "a.c": false, ".htaccess": false, "2024.12.01.svg": false,
	} {
		if got := picture.AllowedName(name); got != want {
			t.Errorf("AllowedName(%q) = %v", name, got)
		}
	}
}

func TestSafeName(t *testing.T) {
	for _, c := range []struct{ name, ext, want string }{
		{"test.png", "png", "test.png"},
		{"test.jpg", "png", "test.png"},
		{"test.gif", "png", "test.png"},
		{"test.webp", "jpg", "test.jpg"},
		{"IMG_0001.JPG", "jpg", "IMG_0001.JPG"},
		{"a.jpeg", "jpg", "a.jpeg"},
		{"a.jfif", "jpg", "a.jpg"},
		{"a.jpe", "jpg", "a.jpg"},
		{"a.", "jpg", "a.jpg"},
		{"a.JPEG", "png", "a.png"},
		{"a.PNG", "png", "a.PNG"},
		{"a.PNG", "jpg", "a.jpg"},
		{"a.tar.gz", "png", "a.tar.png"},
		{"noextension", "png", "noextension.png"},
		{"IMG 2024.12.01", "jpg", "IMG_2024.12.01.jpg"},
		{"Anna.Miller", "png", "Anna.Miller.png"},
		{"a.phtml", "png", "a.png"},
		{"png", "png", "png.png"},

		// From werkzeug's documentation and tests.
		{"My cool movie.png", "png", "My_cool_movie.png"},
		{"../../../etc/passwd", "png", "etc_passwd.png"},
		{"i contain cool \xc3\xbcml\xc3\xa4uts.png", "png", "i_contain_cool_umlauts.png"},
		{"__filename__.png", "png", "filename__.png"},
		{"foo$&^*)bar.png", "png", "foobar.png"},
		{`C:\Users\me\photo 1.png`, "png", "C_Users_me_photo_1.png"},
		{"  a \t b .png ", "png", "a_b_.png"},

		{"", "png", "picture.png"},
		{"", "jpg", "picture.jpg"},
		{".", "png", "picture.png"},
		{"..", "png", "picture.png"},
		{".png", "png", "picture.png"},
		{".htaccess", "png", "picture.png"},
		{"..hidden.png", "png", "hidden.png"},
		{"фото.png", "png", "picture.png"},
		{"写真.JPG", "jpg", "picture.JPG"},
		{"a\u2024png", "png", "a.png"}, // one dot leader, which NFKD makes a dot
		{"a\x00.png", "png", "a.png"},
		{"a\r\nSet-Cookie: x.png", "png", "a_Set-Cookie_x.png"},
		{"<img src=x onerror=alert(1)>.png", "png", "img_srcx_onerroralert1.png"},
		{"\xff\xfe.png", "png", "picture.png"},
		{strings.Repeat("a", 300) + ".png", "png", strings.Repeat("a", 96) + ".png"},
		{strings.Repeat("a", 300) + ".jpeg", "jpg", strings.Repeat("a", 95) + ".jpeg"},
		{"a." + strings.Repeat("x", 300), "png", "a." + strings.Repeat("x", 94) + ".png"},
	} {
		if got := picture.SafeName(c.name, c.ext); got != c.want {
			t.Errorf("SafeName(%q, %q) = %q, want %q", c.name, c.ext, got, c.want)
		}
	}
}

func FuzzSafeName(f *testing.F) {
	for _, s := range []string{"test.png", "../../etc/passwd", "..", ".png", "a b\\c.JPEG", "ﷺ…．．．png", "_._", "a.\u0301png"} {
		f.Add(s)
	}
	const safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
	f.Fuzz(func(t *testing.T, name string) {
		for _, ext := range []string{"png", "jpg"} {
			got := picture.SafeName(name, ext)
			if strings.Trim(got, safe) != "" || len(got) > 100 || strings.IndexAny(got, "._") == 0 {
				t.Errorf("SafeName(%q, %q) = %q", name, ext, got)
			}
			stem, own := got[:strings.LastIndexByte(got, '.')], strings.ToLower(got[strings.LastIndexByte(got, '.')+1:])
			if stem == "" || own != ext && (ext != "jpg" || own != "jpeg") {
				t.Errorf("SafeName(%q, %q) = %q", name, ext, got)
			}
			if again := picture.SafeName(got, ext); again != got {
				t.Errorf("SafeName(%q, %q) = %q, then %q", name, ext, got, again)
			}
			if !picture.AllowedName(got) {
				t.Errorf("%q is not allowed", got)
			}
		}
	})
}
