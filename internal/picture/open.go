package picture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"

	"github.com/cardea-accounts/cardea/internal/exif"
	"github.com/cardea-accounts/cardea/internal/icc"
)

// maxSourceSide is the longest side that is accepted, in pixels. No format but PNG
// can state more. Longer rows cost more than their pixels.
const maxSourceSide = 1<<16 - 1

// Source is a file whose headers were read and whose size is within the limits.
type Source struct {
	file        format
	size        image.Point // as stored
	orientation int         // 1 to 8: see orient.go
	lim         Limits
}

// format is a file of one format, whose headers were read.
type format interface {
	// dimensions returns the size in pixels, as stored; for animations that of
	// the canvas.
	dimensions() image.Point

	// exif returns the TIFF structure, or nil if there is none.
	exif() []byte

	// profile returns the colour profile, or nil if there is none of use, and
	// whether the picture is gray.
	profile() (data []byte, gray bool)

	// keepsJPEG reports whether encoding as JPEG does no harm beyond what the
	// source did already.
	keepsJPEG(opaque bool) bool

	// weight returns how many bytes decode allocates, and resizing after it.
	weight(p plan) int64

	// decode decodes the first frame. It allocates no more than weight says, even
	// if the pixels contradict the headers.
	decode(ctx context.Context, p plan) (decoded, error)
}

// Open reads the headers of data. It decodes no pixels and takes microseconds,
// or, for a JPEG, one pass over the bytes. Data that it accepts may still turn out
// to be broken. Errors: ErrInvalid, ErrDamaged, ErrTooLarge.
//
// The Source refers to data, which must not change.
func Open(data []byte, lim Limits) (*Source, error) {
	open := formatOf(data)
	if open == nil {
		return nil, ErrInvalid
	}
	f, err := open(data)
	if err != nil {
		return nil, damaged(err)
	}
	size := f.dimensions()
	if size.X < 1 || size.Y < 1 {
		return nil, damaged(errors.New("no pixels"))
	}
	if area(size.X, size.Y) > lim.maxPixels() || max(size.X, size.Y) > maxSourceSide {
		return nil, fmt.Errorf("%w: %d×%d", ErrTooLarge, size.X, size.Y)
	}
	return &Source{f, size, exif.Orientation(f.exif()), lim}, nil
}

// formatOf recognizes the format by the first bytes, because names and declared types
// can lie. It returns what opens the format, or nil. Sources: PNG (RFC 2083, 3.1), JPEG
// (ITU T.81, B.1.1.3), GIF89a (17), WebP (RFC 9649, 2.4).
func formatOf(data []byte) func(data []byte) (format, error) {
	switch {
	case bytes.HasPrefix(data, []byte(pngSignature)):
		return openPNG
	case bytes.HasPrefix(data, []byte("\xff\xd8")):
		return openJPEG
	case bytes.HasPrefix(data, []byte("GIF87a")), bytes.HasPrefix(data, []byte("GIF89a")):
		return openGIF
	case len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		return openWebP
	}
	return nil
}

// damaged wraps the reason as text. A decoder's message is for logs; nobody should
// match on it.
func damaged(why error) error {
	return fmt.Errorf("%w: %v", ErrDamaged, why)
}

// Weight returns the most bytes of memory that Make takes for a crop. The data
// itself and garbage are not counted. Errors: ErrCrop, and ErrTooLarge if the weight
// exceeds Limits.MaxMemory.
func (s *Source) Weight(crop Crop) (int64, error) {
	p, err := s.plan(crop)
	return p.weight, err
}

// plan has the sizes and places of the master and the crops. They refer to the picture as
// stored, before it is turned upright.
type plan struct {
	size   image.Point     // of the source
	master image.Point     // size of the master
	square image.Rectangle // the crop, in the source
	side   image.Point     // size of the largest crop
	weight int64           // see weight.go
}

// plan works out the sizes for a crop. It refuses crops that are too heavy.
func (s *Source) plan(crop Crop) (plan, error) {
	square, err := crop.in(uprightSize(s.size, s.orientation))
	if err != nil {
		return plan{}, err
	}
	p := plan{size: s.size, master: fit(s.size, s.lim.maxSide()), square: storedPart(square, s.size, s.orientation)}
	side := min(square.Dx(), largestSide)
	p.side = image.Pt(side, side)
	p.weight = p.totalWeight(s.file.weight(p))
	if p.weight > s.lim.maxMemory() {
		return plan{}, fmt.Errorf("%w: %d×%d takes %d bytes to decode", ErrTooLarge, s.size.X, s.size.Y, p.weight)
	}
	return p, nil
}

// conversion returns how to convert the colours to sRGB, or nil if they are to stay.
//
// What a PNG says in gAMA and cHRM is ignored. It nearly always means sRGB, and is
// often wrong otherwise.
func (s *Source) conversion() *icc.Conversion {
	data, gray := s.file.profile()
	p, err := icc.Parse(data)
	if err != nil || p.Gray() != gray {
		return nil
	}
	return p.ToSRGB()
}
