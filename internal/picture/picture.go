// Package picture turns what a stranger uploads as a profile picture into a
// small, clean one that is safe to keep and to serve.
//
// The bytes are looked at in this order, the cheap and the safe first:
//
//  1. inspect.go tells the type by content and reads the size from the header,
//     and weight.go what memory it takes to decode that. What is too large is
//     refused here, before anything of that size is allocated. png.go, jpeg.go
//     and webp.go know what must be read of those formats.
//  2. decode.go decodes the first frame; a decoder that panics has met an
//     invalid picture.
//  3. scale.go shrinks it (never enlarges), with average.go doing the bulk.
//  4. orient.go turns it as the camera's EXIF orientation says. This comes
//     after scaling, when there is little left to turn.
//  5. encode.go writes it anew, so that nothing of the source but its pixels
//     survives: no EXIF, GPS, XMP, comments, nor trailing bytes.
//
// Apart from that, name.go makes safe file names.
//
// The package is pure: it knows no HTTP and no storage, keeps no state, and is
// safe for concurrent use. A picture decodes to several bytes a pixel, so that
// callers bound how many run at once; [Check] lets them refuse before queuing,
// and says what memory each takes.
package picture

import "errors"

const (
	// DefaultMaxPixels is the pixel count accepted where [Limits] names none:
	// more than today's phones take by default, less than a bomb.
	DefaultMaxPixels = 50_000_000

	// DefaultMaxMemory is how many bytes decoding may take where [Limits] names
	// no number: enough for DefaultMaxPixels of what is common, RGBA and plain
	// JPEG, at 4 bytes a pixel. Some kinds take up to 24.
	DefaultMaxMemory = 256 << 20

	// DefaultMaxSide is the longest side of the result, in pixels, where
	// [Limits] names none: twice the largest crop that is served.
	DefaultMaxSide = 1024
)

var (
	// ErrInvalid says that the bytes are not a picture that is accepted: not a
	// PNG, JPEG, GIF or WebP by content, or broken, truncated or hostile.
	ErrInvalid = errors.New("picture: not a valid PNG, JPEG, GIF or WebP")

	// ErrTooLarge says that the picture has more pixels, or takes more memory to
	// decode, than [Limits] allow.
	ErrTooLarge = errors.New("picture: too large")
)

// Limits bound what is accepted and what is produced. The zero value stands
// for the defaults.
type Limits struct {
	MaxPixels int   // most pixels (width × height) accepted; DefaultMaxPixels if not positive
	MaxMemory int64 // most bytes that decoding one picture may take; DefaultMaxMemory if not positive
	MaxSide   int   // longest side produced, in pixels; DefaultMaxSide if not positive
}

func (l Limits) maxPixels() int64 {
	if l.MaxPixels <= 0 {
		return DefaultMaxPixels
	}
	return min(int64(l.MaxPixels), mostPixels)
}

func (l Limits) maxMemory() int64 {
	if l.MaxMemory <= 0 {
		return DefaultMaxMemory
	}
	return l.MaxMemory
}

func (l Limits) maxSide() int {
	if l.MaxSide <= 0 {
		return DefaultMaxSide
	}
	return l.MaxSide
}

// Picture is a picture as it is stored and served.
type Picture struct {
	Data          []byte
	ContentType   string // "image/png" or "image/jpeg"
	Extension     string // "png" or "jpg", for SafeName
	Width, Height int    // in pixels, as displayed
}

// Check reads only the headers of data and reports whether Normalize would
// refuse it for its type or size. It decodes no pixels and takes microseconds,
// or, for a JPEG, one pass over the bytes. Data that passes may still turn out
// to be broken when decoded.
//
// The weight is how many bytes of memory Normalize takes at most, data and
// garbage not counted. It is 0 with an error, which matches ErrInvalid or
// ErrTooLarge.
func Check(data []byte, lim Limits) (weight int64, err error) {
	h, err := inspect(data, lim)
	return h.weight, err
}

// Normalize decodes data, scales it so that neither side exceeds lim.MaxSide
// (keeping its aspect, never enlarging), turns it upright, and encodes it anew:
// PNG and GIF as PNG, JPEG as JPEG, WebP as PNG if it is lossless or any of it
// transparent, else as JPEG. Of an animation the first frame is taken. Data is
// not changed.
//
// It returns an error that matches ErrInvalid or ErrTooLarge.
func Normalize(data []byte, lim Limits) (*Picture, error) {
	h, err := inspect(data, lim)
	if err != nil {
		return nil, err
	}
	img, err := render(data, h, lim.maxSide())
	if err != nil {
		return nil, err
	}
	return encode(orient(img, orientation(data, h.format)), h)
}
