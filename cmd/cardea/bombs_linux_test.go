package main

import (
	"bytes"
	"compress/zlib"
	endian "encoding/binary" // binary is the program
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// bomb is a small file that asks for much memory or time.
type bomb struct {
	name string // with the extension
	data []byte
	good bool // may be accepted: the bomb is outside the pixels
}

// bombs returns ten bombs, each twice. The tests of internal/picture have more, with
// bounds for each.
func bombs(t *testing.T) []bomb {
	zeros := compressed(make([]byte, 100<<20)) // 100 KB
	pixels := testkit.PNG(20, 20)
	lossy := string(pictureFile(t, "lossy.webp")[20:]) // the content of its only chunk
	scans := pictureFile(t, "progressive.jpg")
	last := bytes.LastIndex(scans, []byte{0xff, 0xda})
	list := []bomb{
		{"50,000×50,000.png", pngFile("IHDR", pngHeader(50_000), "IDAT", zeros, "IEND", ""), false},
		{"pixels.png", pngFile("IHDR", pngHeader(40), "IDAT", zeros, "IEND", ""), true}, // bytes to spare
		{"iCCP.png", withChunk(pixels, "iCCP", "n\x00\x00"+zeros), true},
		{"zTXt.png", withChunk(pixels, "zTXt", "k\x00\x00"+zeros), true},
		{"iTXt.png", withChunk(pixels, "iTXt", "k\x00\x01\x00\x00\x00"+zeros), true},
		{"20,000 frames.gif", manyFrames(t, 20_000), true},
		{"5,000 scans.jpg", bytes.Join([][]byte{scans[:last], bytes.Repeat(scans[last:len(scans)-2], 5000), scans[len(scans)-2:]}, nil), false},
		{"ALPH.webp", webpFile("VP8X", webpHeader(16_384), "ALPH", "\x00", "VP8 ", lossy), false},
		{"ALPH that fits.webp", webpFile("VP8X", webpHeader(7_000), "ALPH", "\x00", "VP8 ", "\x10\x00\x00\x9d\x01\x2a\x58\x1b\x58\x1b"+lossy[10:]), false},
		{"VP8L.webp", webpFile("VP8X", webpHeader(16_384), "VP8L", "\x2f\xff\xff\xff\x0f\x00\x00\x00\x00\x00"), false},
	}
	return append(list, list...)
}

func pictureFile(t *testing.T, name string) []byte {
	return readFile(t, filepath.Join("..", "..", "internal", "picture", "testdata", name))
}

func compressed(data []byte) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = z.Write(data) // a buffer takes everything
	_ = z.Close()
	return b.String()
}

// pngFile makes a PNG of chunks, given as pairs of type and content.
func pngFile(chunks ...string) []byte {
	b := []byte("\x89PNG\r\n\x1a\n")
	for i := 0; i < len(chunks); i += 2 {
		b = endian.BigEndian.AppendUint32(b, uint32(len(chunks[i+1])))
		b = append(b, chunks[i]+chunks[i+1]...)
		b = endian.BigEndian.AppendUint32(b, crc32.ChecksumIEEE([]byte(chunks[i]+chunks[i+1])))
	}
	return b
}

// pngHeader makes the header of a grey square.
func pngHeader(side uint32) string {
	b := endian.BigEndian.AppendUint32(nil, side)
	return string(append(endian.BigEndian.AppendUint32(b, side), 8, 0, 0, 0, 0))
}

// withChunk puts a chunk after the header of a PNG.
func withChunk(data []byte, id, content string) []byte {
	const end = 8 + 25 // signature and IHDR
	return bytes.Join([][]byte{data[:end], pngFile(id, content)[8:], data[end:]}, nil)
}

// webpFile makes a WebP of chunks, given as pairs of type and content.
func webpFile(chunks ...string) []byte {
	body := []byte("WEBP")
	for i := 0; i < len(chunks); i += 2 {
		body = endian.LittleEndian.AppendUint32(append(body, chunks[i]...), uint32(len(chunks[i+1])))
		body = append(body, chunks[i+1]+strings.Repeat("\x00", len(chunks[i+1])%2)...)
	}
	return append(endian.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

// webpHeader makes the VP8X chunk of a square with transparency.
func webpHeader(side int) string {
	s := side - 1
	return string([]byte{0x10, 0, 0, 0, byte(s), byte(s >> 8), byte(s >> 16), byte(s), byte(s >> 8), byte(s >> 16)})
}

func manyFrames(t *testing.T, n int) []byte {
	frame := image.NewPaletted(image.Rect(0, 0, 40, 40), color.Palette{color.Black, color.White})
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, &gif.GIF{Image: []*image.Paletted{frame, frame}, Delay: []int{1, 1}}); err != nil {
		t.Fatal(err)
	}
	both := b.Bytes()
	second := bytes.LastIndex(both, []byte{0x21, 0xf9}) // its graphic control extension
	return bytes.Join([][]byte{both[:second], bytes.Repeat(both[second:len(both)-1], n-1), both[len(both)-1:]}, nil)
}

var peakMemory = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peak returns the most resident memory that the server has had, in bytes.
func (s *server) peak() int64 {
	s.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	found := peakMemory.FindSubmatch(status)
	if err != nil || found == nil {
		s.t.Fatalf("%v in %s", err, status)
	}
	kilobytes, _ := strconv.ParseInt(string(found[1]), 10, 64)
	return kilobytes << 10
}

// Twenty users upload bombs at once. Each is answered soon: refused, or accepted if the bomb
// is outside the pixels. Memory stays bounded, and reads are served meanwhile.
func TestBombsAtOnce(t *testing.T) {
	uploadAtOnce(t, bombs(t), 5*time.Second)
}

// The same holds for pictures that take much memory to decode, and for damaged ones, which
// are decoded twice. They wait until there is memory, or are refused for now.
func TestHeavyPicturesAtOnce(t *testing.T) {
	testkit.Long(t)
	const side = 5000
	header := endian.BigEndian.AppendUint32(endian.BigEndian.AppendUint32(nil, side), side)
	header = append(header, 8, 6, 0, 0, 0) // RGBA: 100 MB
	heavy := bomb{"25 megapixels.png", pngFile("IHDR", string(header), "IDAT", compressed(make([]byte, side*(1+4*side))), "IEND", ""), true}
	damaged := bomb{"without its end.png", heavy.data[:len(heavy.data)-12], true}
	uploadAtOnce(t, slices.Repeat([]bomb{heavy, damaged}, 10), patience)
}

func uploadAtOnce(t *testing.T, list []bomb, longest time.Duration) {
	t.Helper()
	const mostMemory = 400 << 20
	s := serve(t, t.TempDir(), cheap)
	ada := s.client()
	ada.Post("/api/register", testkit.Registration("Ada", "ada@example.com", "simplepass")).Want(201)
	before := s.peak()
	var uploads sync.WaitGroup
	begin, over := make(chan struct{}), make(chan struct{})
	for i, b := range list {
		eve := s.client()
		eve.Post("/api/register", testkit.Registration("Eve", fmt.Sprintf("eve%d@example.com", i), "simplepass")).Want(201)
		uploads.Go(func() {
			<-begin
			begun := time.Now()
			status := eve.Upload(b.name, b.data).Status
			refused := status >= 400 && status < 500 || status == http.StatusServiceUnavailable
			if !refused && (!b.good || status != http.StatusOK) {
				t.Errorf("%s: %d", b.name, status)
			}
			if took := time.Since(begun); took > longest {
				t.Errorf("%s: answered with %d only after %v", b.name, status, took)
			}
		})
	}
	close(begin)
	go func() { uploads.Wait(); close(over) }()
	reads, slowest := s.readUntil(ada, over)
	if slowest > time.Second {
		t.Errorf("a read took %v", slowest)
	}
	if s.peak() > mostMemory {
		t.Errorf("%d MiB resident", s.peak()>>20)
	}
	t.Logf("during %d uploads: %d reads, the slowest %v; at most %d MiB resident, %d before",
		len(list), reads, slowest.Round(time.Millisecond), s.peak()>>20, before>>20)
	s.stop()
}

// readUntil reads as a user until a channel is closed.
func (s *server) readUntil(reader *testkit.Client, over chan struct{}) (reads int, slowest time.Duration) {
	s.t.Helper()
	for {
		begun := time.Now()
		reader.Get("/api/user").Want(200)
		reads, slowest = reads+1, max(slowest, time.Since(begun))
		select {
		case <-over:
			return reads, slowest
		default:
		}
	}
}
