package picture_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/picture"
)

// rawPNG is a PNG in parts.
type rawPNG struct {
	header string
	before []string // chunks before the pixels, given as pairs of type and content
	rows   []byte   // not compressed
	starts []int    // where each row starts
}

func (p rawPNG) file() []byte { return p.with(compress(p.rows)) }

// with returns the file with other content of IDAT, and with further chunks.
func (p rawPNG) with(idat string, after ...string) []byte {
	chunks := slices.Concat([]string{"IHDR", p.header}, p.before, []string{"IDAT", idat}, after, []string{"IEND", ""})
	return pngFile(chunks...)
}

// rawPNGs are of 60×100 pixels: colours, grays, and a palette, of which the second colour
// is transparent.
func rawPNGs() map[string]rawPNG {
	draw := func(header string, before []string, bytes int, interlaced bool) rawPNG {
		p := rawPNG{header: header, before: before}
		steps := [][4]int{{0, 0, 1, 1}}
		if interlaced {
			steps = adam7
		}
		for _, s := range steps {
			for y := s[1]; y < 100; y += s[3] {
				p.starts = append(p.starts, len(p.rows))
				p.rows = append(p.rows, 0)
				for x := s[0]; x < 60; x += s[2] {
					for c := range bytes {
						p.rows = append(p.rows, uint8(1+c*60+x/4+y/8))
					}
				}
			}
		}
		return p
	}
	palette := string(slices.Repeat([]byte("\x10\x20\x30\xff\x80\x40\x20\xf0\x80\x77\x00\x77"), 32))
	return map[string]rawPNG{
		"colours":    draw(pngHeaderOf(60, 100, 8, 2, 0), nil, 3, false),
		"grays":      draw(pngHeaderOf(60, 100, 8, 0, 0), nil, 1, false),
		"alpha":      draw(pngHeaderOf(60, 100, 8, 6, 0), nil, 4, false),
		"palette":    draw(pngHeaderOf(60, 100, 8, 3, 0), []string{"PLTE", palette, "tRNS", "\xff\x00"}, 1, false),
		"interlaced": draw(pngHeaderOf(60, 100, 8, 2, 1), nil, 3, true),
	}
}

// breakChecksums sets the checksums of all chunks of the given types to another value.
func breakChecksums(data []byte, ids ...string) []byte {
	b := bytes.Clone(data)
	for at := 8; at < len(b); {
		n := int(binary.BigEndian.Uint32(b[at:]))
		if len(ids) == 0 || slices.Contains(ids, string(b[at+4:at+8])) {
			b[at+8+n] ^= 0x5a
		}
		at += 12 + n
	}
	return b
}

func TestOddPNG(t *testing.T) {
	for name, p := range rawPNGs() {
		good, idat := p.file(), compress(p.rows)
		text := withPNGChunk(good, "tEXt", "Comment\x00hello")
		palette := strings.Repeat("ABC", 256)
		for what, odd := range map[string][]byte{
			"a wrong checksum in text":  breakChecksums(text, "tEXt"),
			"wrong checksums":           breakChecksums(text),
			"another checksum of zlib":  p.with(idat[:len(idat)-4] + "abcd"),
			"no checksum of zlib":       p.with(idat[:len(idat)-4]),
			"pixels to spare":           p.with(compress(append(bytes.Clone(p.rows), make([]byte, 5000)...))),
			"a byte to spare":           p.with(compress(append(bytes.Clone(p.rows), 7))),
			"bytes after the pixels":    p.with(idat + "trailing"),
			"a second stream":           p.with(idat + idat),
			"empty chunks":              p.with("", "IDAT", idat[:20], "IDAT", "", "IDAT", idat[20:], "IDAT", ""),
			"text between the pixels":   p.with(idat[:40], "tEXt", "k\x00v", "IDAT", idat[40:]),
			"an unknown critical chunk": p.with(idat[:40], "ABCD", "?", "IDAT", idat[40:]),
			"transparency afterwards":   p.with(idat, "tRNS", "\x00\x00"),
			"a palette afterwards":      p.with(idat, "PLTE", palette),
			"no end":                    good[:len(good)-12],
			"half an end":               good[:len(good)-7],
			"no last checksum":          good[:len(good)-16],
			"bytes after the end":       append(bytes.Clone(good), "\x00\x00\x00\x00IDATtrailing"...),
			"too long a transparency":   withPNGChunk(good, "tRNS", strings.Repeat("\x00", 300)),
			"wrong gamma and too long":  withPNGChunk(good, "gAMA", "a"),
			"broken text":               withPNGChunk(good, "zTXt", "\x00\xff\xff"),
		} {
			wantSame(t, name+", "+what, odd, good)
		}
		if p.before == nil {
			wantSame(t, name+", a palette of no use", withPNGChunk(good, "PLTE", palette+"x"), good)
		}
	}

	p := rawPNGs()["palette"]
	good := p.file()
	opaque := rawPNG{header: p.header, before: p.before[:2], rows: p.rows}.file()
	early := rawPNG{header: p.header, before: []string{"tRNS", "\xff\x00", "PLTE", p.before[1]}, rows: p.rows}.file()
	wantSame(t, "transparency before the palette", early, opaque)
	much := rawPNG{header: p.header, before: append(slices.Clone(p.before[:2]), "tRNS", strings.Repeat("\x80", 130)), rows: p.rows}.file()
	wantSame(t, "transparency of too many colours", much, opaque)
	twice := rawPNG{header: p.header, before: append(slices.Clone(p.before), "tRNS", "\x00\xff", "PLTE", "abc"), rows: p.rows}.file()
	wantSame(t, "two palettes", twice, good)
	long := rawPNG{header: p.header, before: []string{"PLTE", p.before[1] + "abcd", "tRNS", "\xff\x00"}, rows: p.rows}.file()
	wantSame(t, "a long palette", long, good)
	wantRefused(t, "no palette", rawPNG{header: p.header, rows: p.rows}.file(), picture.ErrDamaged)
}

// A PNG is taken if nine tenths of its pixels can be read. The rest repeats the row above.
func TestCutPNG(t *testing.T) {
	for name, p := range rawPNGs() {
		_, whole := normalize(t, p.file(), picture.Limits{})
		for _, percent := range []int{0, 50, 89, 92, 95, 99} {
			cut := len(p.rows) * percent / 100
			rows := p.rows[:p.starts[slices.IndexFunc(p.starts, func(start int) bool { return start >= cut })]]
			z := compress(rows)
			unknown := append(bytes.Clone(rows), 9) // a filter type
			for what, data := range map[string][]byte{
				"few rows":     p.with(z),
				"no end":       p.with(z[:len(z)-4])[:len(p.with(z[:len(z)-4]))-16],
				"wrong filter": p.with(compress(append(unknown, make([]byte, len(p.rows))...))),
			} {
				if percent < 90 {
					wantRefused(t, name+", "+what, data, picture.ErrDamaged)
					continue
				}
				_, m := normalize(t, data, picture.Limits{})
				if name == "interlaced" {
					if apart := difference(m, whole); apart > 2 {
						t.Errorf("%s, %s, %d %%: colours are off by %.1f", name, what, percent, apart)
					}
					continue
				}
				if alike := rowsAlike(m, whole); alike < percent {
					t.Errorf("%s, %s, %d %%: %d rows are there", name, what, percent, alike)
				}
				if m.At(30, 99) != m.At(30, percent-1) {
					t.Errorf("%s, %s, %d %%: the last row is %v, want %v", name, what, percent, m.At(30, 99), m.At(30, percent-1))
				}
			}
		}
	}
}

// If both checksums are wrong, of a chunk and of all pixels, the rows from that chunk on
// are not those that were written. One alone can be wrong itself.
func TestChecksumsOfPNG(t *testing.T) {
	m := noise(1000, 300)
	p := rawPNG{header: pngHeaderOf(1000, 300, 8, 2, 0)}
	for y := range 300 {
		p.rows = append(p.rows, 0)
		for x := range 1000 {
			c := m.NRGBAAt(x, y)
			p.rows = append(p.rows, c.R, c.G, c.B)
		}
	}
	z := compress(p.rows)
	otherSum := z[:len(z)-4] + "abcd"
	good := p.file()
	in := func(percent int, idat string) []byte { // two chunks; the checksum of the second is wrong
		at := len(idat) * percent / 100
		data := bytes.Clone(p.with(idat[:at], "IDAT", idat[at:]))
		data[len(data)-12-1] ^= 0x5a
		return data
	}
	for _, percent := range []int{1, 50, 95} {
		wantSame(t, "one is wrong", in(percent, z), good)
	}
	wantSame(t, "the other is wrong", p.with(otherSum), good)
	wantSame(t, "both are, of the last rows", in(95, otherSum), good)
	wantRefused(t, "both are, of a sixth", in(85, otherSum), picture.ErrDamaged)
	wantRefused(t, "both are", in(1, otherSum), picture.ErrDamaged)
}
