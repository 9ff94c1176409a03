package picture_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"testing"

	"github.com/cardea-accounts/cardea/internal/picture"
)

// gifBlocks splits a GIF of one frame: up to the frame's descriptor, the descriptor with
// palette, the code size and sub-blocks, the rest.
func gifBlocks(data []byte) (head, descriptor, pixels, rest []byte) {
	at := bytes.IndexByte(data, 0x2c)
	start := at + 10
	if data[at+9]&0x80 != 0 {
		start += 3 << (data[at+9]&7 + 1)
	}
	end := start + 1
	for data[end] != 0 {
		end += 1 + int(data[end])
	}
	return data[:at], data[at:start], data[start : end+1], data[end+1:]
}

func TestOddGIF(t *testing.T) {
	good := encodeGIF(paletted(quadrants(60, 100)))
	head, descriptor, pixels, rest := gifBlocks(good)
	screen := func(w, h uint16) []byte {
		b := bytes.Clone(head)
		binary.LittleEndian.PutUint16(b[6:], w)
		binary.LittleEndian.PutUint16(b[8:], h)
		return b
	}
	empty := []byte(",\x00\x00\x00\x00\x09\x00\x00\x00\x00\x02\x02\x44\x01\x00")
	more := image.NewPaletted(image.Rect(0, 0, 60, 120), paletted(quadrants(1, 1)).Palette)
	copy(more.Pix, paletted(quadrants(60, 100)).Pix)
	_, _, morePixels, _ := gifBlocks(encodeGIF(more))
	for what, odd := range map[string][]byte{
		"no end":                  join(head, descriptor, pixels),
		"no end of pixels":        join(head, descriptor, pixels[:len(pixels)-1]),
		"bytes after the end":     append(bytes.Clone(good), "trailing"...),
		"bytes between blocks":    join(head, []byte("\x00\x00junk"), descriptor, pixels, rest),
		"data to spare":           join(head, descriptor, pixels[:len(pixels)-1], []byte("\x05spare\x00"), rest),
		"pixels to spare":         join(head, descriptor, morePixels, rest),
		"a screen of 0×0":         join(screen(0, 0), descriptor, pixels, rest),
		"too small a screen":      join(screen(50, 3), descriptor, pixels, rest),
		"a frame without pixels":  join(head, empty, descriptor, pixels, rest),
		"many of them":            join(head, bytes.Repeat(empty, 1000), descriptor, pixels, rest),
		"a cut extension behind":  join(head, descriptor, pixels, []byte("\x21\xff\x0bNETS")),
		"an unknown extension":    join(head, []byte("\x21\x77\x03abc\x00"), descriptor, pixels, rest),
		"an empty extension":      join(head, []byte("\x21\xf9\x00"), descriptor, pixels, rest),
		"a control of wrong size": join(head, []byte("\x21\xf9\x02\x01\x01\x00"), descriptor, pixels, rest),
	} {
		wantSame(t, what, odd, good)
	}

	// A frame that leaves the screen makes it larger.
	off := bytes.Clone(descriptor)
	binary.LittleEndian.PutUint16(off[1:], 40)
	p, m := normalize(t, join(head, off, pixels, rest), picture.Limits{})
	if p.Width != 100 || p.Height != 100 || readCorners(m.(interface {
		SubImage(image.Rectangle) image.Image
	}).SubImage(image.Rect(40, 0, 100, 100))) != "RBGW" {
		t.Errorf("a frame off the screen: %d×%d", p.Width, p.Height)
	}
	for what, data := range map[string][]byte{
		"no frame":            join(head, rest),
		"no frame at all":     head,
		"no pixels":           join(head, empty, empty, rest),
		"no data":             join(head, descriptor, []byte("\x02\x00"), rest),
		"codes of 1 bit":      join(head, descriptor, []byte("\x01"), pixels[1:], rest),
		"codes of 12 bits":    join(head, descriptor, []byte("\x0c"), pixels[1:], rest),
		"a cut palette":       join(head, descriptor[:len(descriptor)-1]),
		"a cut descriptor":    join(head, descriptor[:5]),
		"no screen":           head[:9],
		"frame after the end": join(head, rest, descriptor, pixels),
	} {
		wantRefused(t, what, data, picture.ErrDamaged)
	}
}

// Colours that no palette has are black, but for the second if there is no palette at all.
func TestColorsOfGIF(t *testing.T) {
	bars := image.NewPaletted(image.Rect(0, 0, 40, 40), color.Palette{color.Black, color.White, color.White, color.White})
	for i := range bars.Pix {
		bars.Pix[i] = uint8(i % 40 / 10)
	}
	good := encodeGIF(bars)
	head, descriptor, pixels, rest := gifBlocks(good)
	without := bytes.Clone(descriptor[:10])
	without[9] = 0
	two := bytes.Clone(descriptor[:10+6])
	two[9] = 0x80
	copy(two[10:], "\xff\x00\x00\x00\xff\x00")
	red, green, black, white := color.NRGBA{255, 0, 0, 255}, color.NRGBA{0, 255, 0, 255}, color.NRGBA{A: 255}, color.NRGBA{255, 255, 255, 255}
	for what, c := range map[string]struct {
		data []byte
		want [4]color.NRGBA
	}{
		"no palette":  {join(head, without, pixels, rest), [4]color.NRGBA{black, white, black, black}},
		"two colours": {join(head, two, pixels, rest), [4]color.NRGBA{red, green, black, black}},
	} {
		_, m := normalize(t, c.data, picture.Limits{})
		for i, want := range c.want {
			if got := color.NRGBAModel.Convert(m.At(10*i+5, 20)).(color.NRGBA); got != want {
				t.Errorf("%s: colour %d is %v, want %v", what, i, got, want)
			}
		}
	}
}

func TestCutGIF(t *testing.T) {
	for _, interlaced := range []bool{false, true} {
		good := encodeGIF(paletted(scene(60, 100)))
		head, descriptor, pixels, rest := gifBlocks(good)
		descriptor = bytes.Clone(descriptor)
		if interlaced {
			descriptor[9] |= 0x40
		}
		_, whole := normalize(t, join(head, descriptor, pixels, rest), picture.Limits{})
		taken := 0
		for n := 10; n < len(pixels); n += 10 {
			data := join(head, descriptor, pixels[:n])
			p, err := masterOf(data, picture.Limits{})
			switch {
			case err == nil:
				taken++
				if alike := rowsAlike(decodeResult(t, p), whole); !interlaced && alike < 89 {
					t.Errorf("cut to %d of %d: %d rows", n, len(pixels), alike)
				}
			case !errors.Is(err, picture.ErrDamaged) || taken > 0:
				t.Errorf("cut to %d of %d: %v", n, len(pixels), err)
			}
		}
		if share := float64(taken) / float64(len(pixels)/10); share < 0.02 || share > 0.2 {
			t.Errorf("interlaced %v: a share of %.2f is taken", interlaced, share)
		}
	}
}
