package picture_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

// The files in testdata were made by cwebp and webpmux (libwebp 1.2.4), and by
// Pillow 9.4, from the picture that quadrants(48, 32) draws; Go has no encoder
// for them.

// corners are the colours of the four quarters of the test picture: top left,
// top right, bottom left, bottom right.
var corners = map[byte]color.NRGBA{
	'R': {220, 30, 30, 255},
	'B': {30, 30, 220, 255},
	'G': {30, 200, 30, 255},
	'W': {240, 240, 240, 255},
}

// quadrants draws the test picture, of four quarters that each have a colour.
func quadrants(w, h int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetNRGBA(x, y, corners["RBGW"[2*(2*y/h)+2*x/w]])
		}
	}
	return m
}

// readCorners returns the name of the colour of each quarter of m, in the order of
// quadrants; '.' is transparent and '?' any other colour.
func readCorners(m image.Image) string {
	b := m.Bounds()
	var out []byte
	for _, p := range []image.Point{{1, 1}, {3, 1}, {1, 3}, {3, 3}} {
		at := image.Pt(b.Min.X+p.X*b.Dx()/4, b.Min.Y+p.Y*b.Dy()/4)
		out = append(out, nameOf(color.NRGBAModel.Convert(m.At(at.X, at.Y)).(color.NRGBA)))
	}
	return string(out)
}

func nameOf(c color.NRGBA) byte {
	if c.A == 0 {
		return '.'
	}
	for name, want := range corners {
		if near(c, want, 40) {
			return name
		}
	}
	return '?'
}

// near reports whether no channel of a and b differs by more than d.
func near(a, b color.NRGBA, d int) bool {
	diff := func(x, y uint8) bool { return max(int(x), int(y))-min(int(x), int(y)) <= d }
	return diff(a.R, b.R) && diff(a.G, b.G) && diff(a.B, b.B) && diff(a.A, b.A)
}

func testdata(t testing.TB, name string) []byte {
	t.Helper()
	return readFile(t, filepath.Join("testdata", name))
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func encodePNG(m image.Image) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func encodeJPEG(m image.Image) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 95}); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func encodeGIF(frames ...*image.Paletted) []byte {
	var b bytes.Buffer
	g := &gif.GIF{Image: frames, Delay: make([]int, len(frames))}
	if err := gif.EncodeAll(&b, g); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// paletted copies m with a palette of the corner colours and transparency.
func paletted(m image.Image) *image.Paletted {
	pal := color.Palette{color.NRGBA{}, corners['R'], corners['B'], corners['G'], corners['W']}
	p := image.NewPaletted(m.Bounds(), pal)
	for y := p.Rect.Min.Y; y < p.Rect.Max.Y; y++ {
		for x := p.Rect.Min.X; x < p.Rect.Max.X; x++ {
			p.Set(x, y, m.At(x, y))
		}
	}
	return p
}

// convert copies m into dst, an image of another type.
func convert[T interface {
	image.Image
	Set(x, y int, c color.Color)
}](dst T, m image.Image) T {
	for y := range m.Bounds().Dy() {
		for x := range m.Bounds().Dx() {
			dst.Set(x, y, m.At(x, y))
		}
	}
	return dst
}

// pngFile builds a PNG of raw chunks, given as pairs of type and content.
func pngFile(chunks ...string) []byte {
	b := []byte("\x89PNG\r\n\x1a\n")
	for i := 0; i < len(chunks); i += 2 {
		b = binary.BigEndian.AppendUint32(b, uint32(len(chunks[i+1])))
		b = append(b, chunks[i]+chunks[i+1]...)
		b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE([]byte(chunks[i]+chunks[i+1])))
	}
	return b
}

// pngHeader returns the content of an IHDR chunk for 8-bit gray.
func pngHeader(w, h uint32, interlaced byte) string {
	return pngHeaderOf(w, h, 8, 0, interlaced)
}

func pngHeaderOf(w, h uint32, depth, colorType, interlaced byte) string {
	b := binary.BigEndian.AppendUint32(nil, w)
	b = binary.BigEndian.AppendUint32(b, h)
	return string(append(b, depth, colorType, 0, 0, interlaced))
}

// withPNGChunk inserts a chunk after the header of a PNG.
func withPNGChunk(data []byte, id, content string) []byte {
	const end = 8 + 25 // signature and IHDR
	chunk := pngFile(id, content)[8:]
	return bytes.Join([][]byte{data[:end], chunk, data[end:]}, nil)
}

// withLastPNGChunk inserts a chunk before the end of a PNG.
func withLastPNGChunk(data []byte, id, content string) []byte {
	end := len(data) - 12
	return bytes.Join([][]byte{data[:end], pngFile(id, content)[8:], data[end:]}, nil)
}

// adam7 has, of each pass, the first column and row and the steps between them
// (RFC 2083, 2.6).
var adam7 = [][4]int{
	{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2},
}

// interlacedPNG encodes m with the seven passes of Adam7.
func interlacedPNG(m *image.Gray) []byte {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	var rows []byte
	for _, p := range adam7 {
		for y := p[1]; y < h; y += p[3] {
			rows = append(rows, 0)
			for x := p[0]; x < w; x += p[2] {
				rows = append(rows, m.GrayAt(x, y).Y)
			}
		}
	}
	return pngFile("IHDR", pngHeader(uint32(w), uint32(h), 1), "IDAT", compress(rows), "IEND", "")
}

func compress(data []byte) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		panic(err)
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.String()
}

// withSegment inserts a segment after the SOI marker of a JPEG.
func withSegment(data []byte, marker byte, content string) []byte {
	b := append([]byte{}, data[:2]...)
	b = append(b, 0xff, marker)
	b = binary.BigEndian.AppendUint16(b, uint16(2+len(content)))
	return append(append(b, content...), data[2:]...)
}

// exif returns a TIFF structure whose only tags are an orientation and a
// description.
func exif(orientation uint16, description string) string {
	b := []byte("MM\x00*\x00\x00\x00\x08\x00\x02")
	b = append(b, 0x01, 0x0e, 0, 2) // ImageDescription, ASCII
	b = binary.BigEndian.AppendUint32(b, uint32(len(description)))
	b = append(b, 0, 0, 0, 8+2+2*12+4)
	b = append(b, 0x01, 0x12, 0, 3, 0, 0, 0, 1) // Orientation, SHORT
	b = binary.BigEndian.AppendUint16(b, orientation)
	b = append(b, 0, 0, 0, 0, 0, 0) // padding, no further directory
	return string(b) + description
}

// webpFile builds a WebP of chunks, given as pairs of type and content.
func webpFile(chunks ...string) []byte {
	body := []byte("WEBP")
	for i := 0; i < len(chunks); i += 2 {
		body = append(body, chunks[i]...)
		body = binary.LittleEndian.AppendUint32(body, uint32(len(chunks[i+1])))
		body = append(body, chunks[i+1]...)
		body = append(body, make([]byte, len(chunks[i+1])%2)...)
	}
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

// webpHeader returns the content of a VP8X chunk.
func webpHeader(flags byte, w, h int) string {
	w, h = w-1, h-1
	return string([]byte{flags, 0, 0, 0, byte(w), byte(w >> 8), byte(w >> 16), byte(h), byte(h >> 8), byte(h >> 16)})
}

// webpFrame returns the beginning of the content of an ANMF chunk.
func webpFrame(x, y, w, h int) string {
	le := func(v int) string { return string([]byte{byte(v), byte(v >> 8), byte(v >> 16)}) }
	return le(x/2) + le(y/2) + le(w-1) + le(h-1) + "\x64\x00\x00\x00"
}

// webpChunks splits a WebP into its chunks, as webpFile takes them.
func webpChunks(data []byte) (chunks []string) {
	for rest := data[12:]; len(rest) > 0; {
		n := int(binary.LittleEndian.Uint32(rest[4:]))
		chunks = append(chunks, string(rest[:4]), string(rest[8:8+n]))
		rest = rest[8+n+n%2:]
	}
	return chunks
}
