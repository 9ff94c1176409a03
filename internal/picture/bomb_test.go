package picture_test

import (
	"bytes"
	"errors"
	"image"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/picture"
)

// bombs are small files that claim to need much memory or time. Some are valid pictures,
// because the bomb is not part of the pixels. The others must be refused.
func bombs(t testing.TB) map[string]struct {
	data []byte
	want error
} {
	zeros := compress(make([]byte, 100<<20)) // 100 KB
	pic := encodePNG(quadrants(48, 32))
	lossy := string(testdata(t, "lossy.webp")[20:])
	raw := "\x00" // of ALPH: not compressed, and far too short
	return map[string]struct {
		data []byte
		want error
	}{
		"png of 50,000×50,000":        {flatClaim(50000), picture.ErrTooLarge},
		"png with too many rows":      {withPNGChunk(pic, "IDAT", zeros), nil}, // to spare
		"png whose pixels are a bomb": {pngFile("IHDR", pngHeader(40, 40, 0), "IDAT", zeros, "IEND", ""), nil},
		"png, iCCP bomb":              {withPNGChunk(pic, "iCCP", "n\x00\x00"+zeros), nil},
		"png, zTXt bomb":              {withPNGChunk(pic, "zTXt", "k\x00\x00"+zeros), nil},
		"png, iTXt bomb":              {withPNGChunk(pic, "iTXt", "k\x00\x01\x00\x00\x00"+zeros), nil},
		"gif of 20,000 frames":        {manyFrames(20000), nil},
		"gif, a large frame":          {largeFrame(), picture.ErrTooLarge},
		"jpeg of 5,000 scans":         {manyScans(t, 5000), picture.ErrDamaged},
		"jpeg of 5,000 frames":        {manyHeaders(5000), picture.ErrDamaged},
		"jpeg of 20,000 comments":     {bytes.Replace(encodeJPEG(quadrants(48, 32)), []byte{0xff, 0xdb}, append(bytes.Repeat([]byte{0xff, 0xfe, 0, 2}, 20000), 0xff, 0xdb), 1), picture.ErrDamaged},
		"jpeg, tables and no end":     {manyTables(20000), picture.ErrDamaged},
		"webp, ALPH for 16384×16384":  {webpFile("VP8X", webpHeader(0x10, 16384, 16384), "ALPH", raw, "VP8 ", lossy), picture.ErrDamaged},
		"webp, ALPH for 7,000×7,000":  {webpFile("VP8X", webpHeader(0x10, 7000, 7000), "ALPH", raw, "VP8 ", lossy), picture.ErrDamaged},
		"webp, ALPH larger than VP8":  {webpFile("VP8X", webpHeader(0x10, 48, 32), "ALPH", raw, "VP8 ", "\x10\x00\x00\x9d\x01\x2a\xff\x3f\xff\x3f"), picture.ErrDamaged},
		"webp, short ALPH":            {webpFile("VP8X", webpHeader(0x10, 48, 32), "ALPH", raw, "VP8 ", lossy), picture.ErrDamaged},
		"webp, VP8L in VP8X":          {webpFile("VP8X", webpHeader(0x10, 48, 32), "VP8L", string(losslessHeader(1<<14, 1<<14).b)+"\x00\x00"), picture.ErrDamaged},
		"webp, prefix codes":          {webpFile("VP8L", manyCodes(800)), nil},
	}
}

func flatClaim(side uint32) []byte {
	return pngFile("IHDR", pngHeader(side, side, 0), "IDAT", compress(make([]byte, 1<<20)), "IEND", "")
}

func manyFrames(n int) []byte {
	one := encodeGIF(paletted(quadrants(48, 32)), paletted(quadrants(48, 32)))
	first := bytes.IndexByte(one, 0x2c) // the image descriptor
	second := first + bytes.LastIndexByte(one[first:], 0x21)
	frame := one[second : len(one)-1]
	return append(append(bytes.Clone(one[:second]), bytes.Repeat(frame, n)...), 0x3b)
}

func largeFrame() []byte {
	data := encodeGIF(image.NewPaletted(image.Rect(0, 0, 48, 32), paletted(quadrants(1, 1)).Palette))
	at := bytes.IndexByte(data, 0x2c)
	copy(data[at+5:], "\xff\xff\xff\xff") // 65535 × 65535
	return data
}

func manyScans(t testing.TB, n int) []byte {
	jpg := testdata(t, "progressive.jpg")
	last := bytes.LastIndex(jpg, []byte{0xff, 0xda})
	return bytes.Join([][]byte{jpg[:last], bytes.Repeat(jpg[last:len(jpg)-2], n), jpg[len(jpg)-2:]}, nil)
}

func manyHeaders(n int) []byte {
	jpg := encodeJPEG(quadrants(48, 32))
	sof := bytes.Index(jpg, []byte{0xff, 0xc0})
	return bytes.Join([][]byte{jpg[:sof], bytes.Repeat(jpg[sof:sof+19], n), jpg[sof+19:]}, nil)
}

// manyTables defines the same Huffman tables n times.
func manyTables(n int) []byte {
	jpg := encodeJPEG(quadrants(48, 32))
	dht := bytes.Index(jpg, []byte{0xff, 0xc4})
	size := 2 + int(jpg[dht+2])<<8 + int(jpg[dht+3])
	return bytes.Join([][]byte{jpg[:dht], bytes.Repeat(jpg[dht:dht+size], n)}, nil)
}

func TestBombs(t *testing.T) {
	const megabyte = 1 << 20
	for name, b := range bombs(t) {
		weight, _ := weigh(b.data, picture.Limits{}, picture.Crop{})
		var err error
		start := time.Now()
		took := allocated(func() { _, err = masterOf(b.data, picture.Limits{}) })
		elapsed := time.Since(start)
		if !errors.Is(err, b.want) {
			t.Errorf("%s: got %v, want %v", name, err, b.want)
		}
		// This counts garbage: a profile is inflated in buffers that grow.
		if took > 2*weight+8*megabyte {
			t.Errorf("%s: weighs %d, allocates %d", name, weight, took)
		}
		if elapsed > 10*time.Second { // tens of milliseconds, if the machine is quiet
			t.Errorf("%s: took %v", name, elapsed)
		}
	}
}

// The time limit ends decoding half-way. The picture is within all other limits: 32 scans
// of 24 megapixels.
func TestSlowPicturesAreCutOff(t *testing.T) {
	data := flatJPEG(progressive, 6000, 4000, "YBr", "\x22\x11\x11")
	scan := data[bytes.Index(data, []byte{0xff, 0xda}) : len(data)-2]
	data = bytes.Join([][]byte{data[:len(data)-2], bytes.Repeat(scan, 31), data[len(data)-2:]}, nil)
	start := time.Now()
	if err := picture.Render(t.Context(), data); err != nil {
		t.Fatal(err)
	}
	whole := time.Since(start)
	start = time.Now()
	_, err := masterOf(data, picture.Limits{MaxTime: whole / 20})
	if !errors.Is(err, picture.ErrTooLarge) || !strings.Contains(err.Error(), (whole/20).String()) {
		t.Errorf("got %v", err)
	}
	if cut := time.Since(start); cut > whole/2 {
		t.Errorf("took %v of %v when it had a twentieth", cut, whole)
	}
}

// No HTML or script in a picture survives.
func TestPolyglots(t *testing.T) {
	const page = "<html><script>alert(document.domain)</script>"
	m := quadrants(48, 32)
	comment := "\x21\xfe" + string(rune(len(page))) + page + "\x00"
	gif := encodeGIF(paletted(m))
	head, descriptor, pixels, end := gifBlocks(gif)
	sub := string(rune(len(page))) + page
	jpg, pic, web := encodeJPEG(m), encodePNG(m), testdata(t, "lossy.webp")
	for name, data := range map[string][]byte{
		"jpeg":       withSegment(encodeJPEG(m), 0xfe, page),
		"png, tEXt":  withPNGChunk(encodePNG(m), "tEXt", "Comment\x00"+page),
		"png, own":   withPNGChunk(encodePNG(m), "hTml", page),
		"gif":        bytes.Join([][]byte{gif[:13], []byte(comment), gif[13:]}, nil),
		"webp":       webpFile("VP8X", webpHeader(0, 48, 32), "HTML", page, "VP8 ", string(testdata(t, "lossy.webp")[20:])),
		"after it":   append(encodePNG(m), page...),
		"icc name":   withPNGChunk(encodePNG(m), "iCCP", page+"\x00\x00"+compress([]byte(displayP3))),
		"jpeg + svg": append(encodeJPEG(m), "<svg onload='alert(1)'/>"...),

		// in files that are odd or damaged
		"jpeg, no end":     append(bytes.Clone(jpg[:len(jpg)-2]), page...),
		"jpeg, first":      join(jpg[:2], []byte(page), jpg[2:]),
		"png, no end":      append(bytes.Clone(pic[:len(pic)-12]), page...),
		"png, wrong sum":   breakChecksums(withPNGChunk(pic, "tEXt", page)),
		"gif, spare data":  join(head, descriptor, pixels[:len(pixels)-1], []byte(sub+"\x00"), end),
		"gif, between":     join(head, []byte("\x00"+page), descriptor, pixels, end),
		"gif, no end":      join(head, descriptor, pixels, []byte(page)),
		"webp, after it":   append(bytes.Clone(web), page...),
		"webp, wrong size": join([]byte("RIFF\x00\x00\x00\x00WEBP"), web[12:], []byte(page)),
	} {
		set := makeSet(t, data, picture.Crop{})
		for _, p := range append(set.Crops[:], set.Master) {
			if readCorners(decodeResult(t, p)) == "????" || bytes.Contains(p.Data, []byte("alert")) || bytes.Contains(p.Data, []byte("<svg")) {
				t.Errorf("%s: something survived in %d", name, p.Width)
			}
		}
	}
}
