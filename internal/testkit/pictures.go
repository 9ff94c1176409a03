package testkit

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"slices"
	"testing"
)

// The colours of [Quadrants].
var (
	Red   = color.RGBA{200, 0, 0, 255}
	Green = color.RGBA{0, 200, 0, 255}
	Blue  = color.RGBA{0, 0, 200, 255}
	White = color.RGBA{250, 250, 250, 255}
)

// PNG is a file of one colour, which depends on the width.
func PNG(width, height int) []byte { return EncodePNG(plain(width, height)) }

// JPEG is a file of one colour, which depends on the width.
func JPEG(width, height int) []byte { return EncodeJPEG(plain(width, height)) }

// GIF is a white file.
func GIF(width, height int) []byte {
	var b bytes.Buffer
	m := image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{color.White, color.Black})
	if err := gif.Encode(&b, m, nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func plain(width, height int) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range m.Pix {
		m.Pix[i] = 255
		if i%4 != 3 {
			m.Pix[i] = uint8(width * (i%4 + 1))
		}
	}
	return m
}

// LargePNG is a small picture in a file of at least this many bytes, as photo editors make them:
// most of it is a chunk that readers skip.
func LargePNG(size int) []byte {
	const header = 8 + 25 // the signature and IHDR
	small := PNG(200, 200)
	chunk := append(binary.BigEndian.AppendUint32(nil, uint32(size)), "noTe"...)
	chunk = append(chunk, make([]byte, size)...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
	return slices.Concat(small[:header], chunk, small[header:])
}

// EncodePNG encodes a picture as PNG.
func EncodePNG(m image.Image) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// EncodeJPEG encodes a picture as JPEG of quality 95.
func EncodeJPEG(m image.Image) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 95}); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// Quadrants is a picture with the colours red and green above, blue and white below.
func Quadrants(width, height int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			at := 0
			if x >= width/2 {
				at++
			}
			if y >= height/2 {
				at += 2
			}
			m.SetRGBA(x, y, []color.RGBA{Red, Green, Blue, White}[at])
		}
	}
	return m
}

// Noise is a square that PNG cannot compress.
func Noise(side int, opaque bool) image.Image {
	m := image.NewNRGBA(image.Rect(0, 0, side, side))
	_, _ = rand.NewChaCha8([32]byte{1}).Read(m.Pix) // never fails
	for i := 3; opaque && i < len(m.Pix); i += 4 {
		m.Pix[i] = 255
	}
	return m
}

// WantCorners fails the test unless the corners of a picture have these colours, row by
// row.
func WantCorners(t testing.TB, m image.Image, want ...color.RGBA) {
	t.Helper()
	r := m.Bounds()
	for i, p := range []image.Point{{3, 3}, {r.Dx() - 4, 3}, {3, r.Dy() - 4}, {r.Dx() - 4, r.Dy() - 4}} {
		if got := m.At(p.X, p.Y); !IsColor(got, want[i]) {
			t.Errorf("the corner at %v is %v, want %v", p, got, want[i])
		}
	}
}

// IsColor reports whether two colours are the same, but for what JPEG changes.
func IsColor(got color.Color, want color.RGBA) bool {
	c := color.RGBAModel.Convert(got).(color.RGBA) //nolint:forcetypeassert // the model's own
	for _, d := range []int{int(c.R) - int(want.R), int(c.G) - int(want.G), int(c.B) - int(want.B)} {
		if d < -30 || d > 30 {
			return false
		}
	}
	return true
}
