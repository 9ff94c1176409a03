// Package jpeg decodes JPEG pictures at their size, or at 1/2, 1/4 or 1/8 of it.
//
// A thumbnail of a large photograph needs few of its pixels. The standard
// library's image/jpeg decodes them all. This package transforms each block of
// 8×8 samples to 4×4, 2×2 or 1×1 samples instead, as libjpeg does. That takes a
// fraction of the time and memory. It also returns the samples as they are
// coded: each component in its own resolution, not yet converted to RGB.
// Callers resize first and convert the few samples that are left.
//
// [Open] reads the headers and [File.Weight] tells how much memory decoding
// takes. [File.Decode] decodes.
//
// It supports the Huffman-coded processes of ITU T.81 with 8 bits a sample:
// baseline, extended sequential and progressive, with one, three or four
// components and any sampling factors. Arithmetic coding, lossless and
// hierarchical JPEG and 12 bits a sample are errors, as in image/jpeg.
//
// Input may be hostile. A file that names its size twice, or has more than 32
// scans or 10,000 segments, is refused when it is opened.
//
// Input may also be damaged. Decode makes the best of what can be read, as libjpeg
// does, and tells which share of the picture that is. Callers decide whether that
// is enough. The marker at the end may be missing. Tables may be missing, too: then
// those of annex K count, which cameras leave out of videos.
//
//   - header.go reads the headers, decode.go the segments.
//   - scan.go and progressive.go decode scans, huffman.go their codes.
//   - block.go transforms coefficients to samples.
//
// Numbers such as "A.2.2" in comments are sections of ITU T.81 (09/92).
package jpeg

import (
	"bytes"
	"context"
	"image"
)

// Colors says what the components of a picture are.
type Colors int

const (
	Gray         Colors = iota + 1
	YCbCr               // as in JFIF
	RGB                 // coded without a transform
	CMYK                // 255 is all ink
	InvertedCMYK        // as Adobe writes it: 255 is no ink
	InvertedYCCK        // as Adobe writes it: CMY, 255 is all ink, coded as YCbCr; K, 255 is no ink
)

// Plane has the samples of one component.
type Plane struct {
	Pix    []uint8
	Stride int         // from one row to the next, in Pix
	Size   image.Point // in samples

	// PerX and PerY are how many samples there are for each pixel of the
	// picture. They differ between planes if the JPEG subsamples colours.
	PerX, PerY float64
}

// File is a JPEG whose headers were read.
type File struct {
	Size image.Point // in pixels
	EXIF []byte      // the TIFF structure; nil if there is none

	data        []byte
	progressive bool
	components  []component
	colors      colorHints
	profile     profileParts
}

// Open reads the headers of a JPEG. It looks at every segment up to the end of
// the picture but decodes nothing. Data that it accepts may still be broken.
//
// The file refers to data, which must not change.
func Open(data []byte) (*File, error) {
	f := &File{data: data, colors: colorHints{adobe: -1}}
	return f, f.readHeaders()
}

// Profile returns the embedded colour profile, or nil if there is none, a part
// of it is missing, or it is larger than 512 KiB.
func (f *File) Profile() []byte { return f.profile.join() }

// Weight returns how many bytes of samples and coefficients Decode allocates
// for blocks of n×n samples.
func (f *File) Weight(n int) int64 {
	units := f.units()
	block := int64(n * n)
	if f.progressive {
		block += 2 * 64 // all coefficients, in 16 bits
	}
	var weight int64
	for _, c := range f.components {
		weight += int64(units.X) * int64(units.Y) * int64(c.h*c.v) * block
	}
	return weight
}

// Decode decodes the picture with n×n samples for each block of 8×8; n is 1, 2,
// 4 or 8. It returns a plane for each component, and which share of the picture
// could be read: 1 if it is not damaged, else less. The rest is gray. Of a
// damaged progressive JPEG, fine detail may be missing besides.
//
// It is an error if nothing could be read, or if ctx ends.
func (f *File) Decode(ctx context.Context, n int) (planes []Plane, share float64, err error) {
	d := newDecoder(f, n)
	if err := d.decode(ctx); err != nil {
		return nil, 0, err
	}
	share = d.share()
	if share == 0 {
		d.damaged(errMissing)
		return nil, 0, d.damage
	}
	for _, p := range d.planes {
		planes = append(planes, p.samples(f))
	}
	return planes, share, nil
}

// maxProfile is the largest colour profile that is joined, in bytes. Profiles of
// cameras and screens have a few thousand.
const maxProfile = 512 << 10

// profileParts are the pieces of a colour profile (ICC.1:2010, B.4).
type profileParts struct {
	parts [][]byte
	size  int
}

// add adds the piece in an APP2 segment, if it has one.
func (p *profileParts) add(segment []byte) {
	part, ok := bytes.CutPrefix(segment, []byte("ICC_PROFILE\x00"))
	if !ok || len(part) < 2 {
		return
	}
	number, count := int(part[0]), int(part[1])
	if p.parts == nil {
		p.parts = make([][]byte, count)
	}
	if number < 1 || number > count || count != len(p.parts) || p.size > maxProfile {
		return
	}
	p.parts[number-1] = part[2:]
	p.size += len(part) - 2
}

// join returns the whole profile.
func (p *profileParts) join() []byte {
	if p.size > maxProfile {
		return nil
	}
	for _, part := range p.parts {
		if part == nil {
			return nil
		}
	}
	return bytes.Join(p.parts, nil)
}
