package picture

import (
	"compress/lzw"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"io"
	"iter"
)

// gifFile is a GIF and its first frame that has pixels. It has no EXIF and no profile.
//
// image/gif refuses files that all browsers show: frames that leave the screen, pixels to
// spare, a missing end, a missing palette. So the few blocks are read here (GIF89a,
// sections 17 to 23), and the pixels by compress/lzw.
type gifFile struct {
	canvas     image.Point
	rect       image.Rectangle // the frame, on the canvas
	palette    color.Palette   // of 256 colours
	interlaced bool
	codeSize   byte
	pixels     []byte // sub-blocks
}

var errGIF = errors.New("malformed GIF, or none of its frames has pixels")

// Fields and flags of blocks.
const (
	gifExtension  = 0x21
	gifImage      = 0x2c
	gifTrailer    = 0x3b
	gifControl    = 0xf9 // label of the graphic control extension
	gifHasPalette = 0x80
	gifInterlaced = 0x40
)

// openGIF finds the first frame that has pixels.
func openGIF(data []byte) (format, error) {
	const header = 6 + 7 // signature and logical screen descriptor
	if len(data) < header {
		return nil, errGIF
	}
	f := &gifFile{canvas: gifPoint(data[6:])}
	global, rest, err := gifPalette(data[10], data[header:])
	transparent := -1
	for err == nil && len(rest) > 0 {
		block := rest[0]
		rest = rest[1:]
		switch {
		case block == gifTrailer:
			return nil, errGIF
		case block == gifExtension && len(rest) >= 1:
			if c := rest[1:]; rest[0] == gifControl && len(c) >= 5 && c[0] >= 4 {
				transparent = -1
				if c[1]&1 != 0 {
					transparent = int(c[4])
				}
			}
			rest = skipSubBlocks(rest[1:])
		case block == gifImage:
			if rest, err = f.readFrame(global, rest); err != nil || f.pixels == nil {
				transparent = -1 // the control extension was for this frame
				continue
			}
			if transparent >= 0 {
				f.palette[transparent] = color.RGBA{}
			}
			return f, nil
		} // anything else does not belong there
	}
	return nil, errGIF
}

// readFrame reads a frame up to its pixels and, if it has none, past them. A frame that
// leaves the screen makes the canvas larger.
func (f *gifFile) readFrame(global color.Palette, data []byte) (rest []byte, err error) {
	const descriptor = 9
	if len(data) < descriptor {
		return nil, errGIF
	}
	at, size, flags := gifPoint(data), gifPoint(data[4:]), data[8]
	palette, rest, err := gifPalette(flags, data[descriptor:])
	if err != nil || len(rest) < 1 {
		return nil, errGIF
	}
	if size.X == 0 || size.Y == 0 {
		return skipSubBlocks(rest[1:]), nil
	}
	f.rect = image.Rectangle{Min: at, Max: at.Add(size)}
	f.canvas = image.Pt(max(f.canvas.X, f.rect.Max.X), max(f.canvas.Y, f.rect.Max.Y))
	f.interlaced = flags&gifInterlaced != 0
	f.codeSize, f.pixels = rest[0], rest[1:]
	if f.palette = palette; palette == nil {
		f.palette = global
	}
	if f.palette == nil {
		f.palette = fullPalette(nil)
		f.palette[1] = color.RGBA{255, 255, 255, 255} // as section 11 recommends
	}
	if f.codeSize < 2 || f.codeSize > 8 {
		return nil, errGIF
	}
	return nil, nil
}

func gifPoint(data []byte) image.Point {
	return image.Pt(int(binary.LittleEndian.Uint16(data)), int(binary.LittleEndian.Uint16(data[2:])))
}

// gifPalette reads the colour table that flags announce; nil if there is none.
func gifPalette(flags byte, data []byte) (palette color.Palette, rest []byte, err error) {
	if flags&gifHasPalette == 0 {
		return nil, data, nil
	}
	size := 3 << (flags&7 + 1)
	if len(data) < size {
		return nil, nil, errGIF
	}
	return fullPalette(data[:size]), data[size:], nil
}

// fullPalette returns 256 colours. Those that are not stated are black.
func fullPalette(rgb []byte) color.Palette {
	p := make(color.Palette, 256)
	for i := range p {
		p[i] = color.RGBA{A: 255}
		if c := rgb[min(3*i, len(rgb)):]; len(c) >= 3 {
			p[i] = color.RGBA{c[0], c[1], c[2], 255}
		}
	}
	return p
}

// skipSubBlocks returns the data after a sequence of sub-blocks.
func skipSubBlocks(data []byte) []byte {
	for len(data) > 0 && data[0] != 0 {
		data = data[min(len(data), 1+int(data[0])):]
	}
	return data[min(len(data), 1):]
}

// subBlocks reads the content of sub-blocks, up to an empty one or the end of the data.
type subBlocks struct {
	rest []byte
	left int // of the block that was begun
}

func (s *subBlocks) Read(p []byte) (int, error) {
	if s.left == 0 {
		if len(s.rest) == 0 || s.rest[0] == 0 {
			return 0, io.EOF
		}
		s.left, s.rest = int(s.rest[0]), s.rest[1:]
	}
	n := copy(p, s.rest[:min(len(s.rest), s.left)])
	s.rest, s.left = s.rest[n:], s.left-n
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (f *gifFile) dimensions() image.Point           { return f.canvas }
func (f *gifFile) exif() []byte                      { return nil }
func (f *gifFile) profile() (data []byte, gray bool) { return nil, false }
func (f *gifFile) keepsJPEG(bool) bool               { return false }
func (f *gifFile) weight(p plan) int64               { return p.frameWeight(f.pixelWeight()) }
func (f *gifFile) pixelWeight() int64                { return area(f.rect.Dx(), f.rect.Dy()) }

func (f *gifFile) decode(ctx context.Context, p plan) (decoded, error) {
	fr, err := f.frame(ctx)
	if err != nil {
		return decoded{}, err
	}
	return p.shrinkFrame(ctx, fr)
}

// frame decodes the frame. Rows that are missing repeat the one above.
func (f *gifFile) frame(ctx context.Context) (frame, error) {
	img := image.NewPaletted(image.Rectangle{Max: f.rect.Size()}, f.palette)
	pixels := lzw.NewReader(reader{ctx, &subBlocks{rest: f.pixels}}, lzw.LSB, int(f.codeSize))
	have, cut := 0, false
	for y := range f.rows() {
		row := img.Pix[y*img.Stride:][:img.Stride]
		if !cut {
			n, err := io.ReadFull(pixels, row)
			have += n
			cut = err != nil
		}
		if !cut {
			continue
		}
		if err := enough(float64(have) / float64(len(img.Pix))); err != nil {
			return frame{}, err
		}
		if y > 0 {
			copy(row, img.Pix[(y-1)*img.Stride:])
		}
	}
	return frame{img, f.canvas, f.rect.Min}, nil
}

// rows returns the rows of the frame in the order in which the file has them (GIF89a,
// appendix E).
func (f *gifFile) rows() iter.Seq[int] {
	passes := [][2]int{{0, 1}} // first row, step
	if f.interlaced {
		passes = [][2]int{{0, 8}, {4, 8}, {2, 4}, {1, 2}}
	}
	return func(yield func(int) bool) {
		for _, pass := range passes {
			for y := pass[0]; y < f.rect.Dy(); y += pass[1] {
				if !yield(y) {
					return
				}
			}
		}
	}
}
