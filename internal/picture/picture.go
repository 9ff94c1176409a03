// Package picture turns what a stranger uploads as a profile picture into a few
// small, clean ones that are safe to keep and to serve: the master, and square
// crops.
//
// The bytes are looked at in this order, the cheap and the safe first:
//
//  1. inspect.go tells the type by content and reads the size from the header,
//     and weight.go what memory it takes to decode that. What is too large is
//     refused here, before anything of that size is allocated. png.go, jpeg.go
//     and webp.go know what must be read of those formats; crop.go says which
//     square was asked for, and orient.go how the camera was held.
//  2. decode.go decodes the first frame; a decoder that panics has met an
//     invalid picture. JPEG has a decoder of our own, which shrinks while it
//     decodes: jpegdecode.go, jpegscan.go, jpegband.go, jpeghuffman.go,
//     jpegblock.go. For the other formats average.go does the bulk of shrinking.
//  3. bitmap.go has the result, in planes of samples, and resize.go does the
//     rest of shrinking (never enlarging).
//  4. color.go takes the colours of a profile, which profile.go reads, to sRGB,
//     and orient.go turns the picture upright. These come after shrinking, when
//     there is little left to do.
//  5. encode.go writes it anew, so that nothing of the source but its pixels
//     survives: no EXIF, GPS, XMP, comments, nor trailing bytes.
//
// Apart from that, name.go makes safe file names, and stored.go looks after what
// is stored.
//
// The package is pure: it knows no HTTP and no storage, keeps no state, and is
// safe for concurrent use. A picture decodes to several bytes a pixel, so that
// callers bound how many run at once; [Check] lets them refuse before queuing,
// and says what memory each takes.
package picture

import (
	"errors"
	"time"
)

const (
	// DefaultMaxPixels is the pixel count accepted where [Limits] names none:
	// more than today's phones take by default, less than a bomb.
	DefaultMaxPixels = 50_000_000

	// DefaultMaxMemory is how many bytes decoding may take where [Limits] names
	// no number: enough for DefaultMaxPixels of what is common, RGBA and JPEG, at
	// 4 bytes a pixel. Some kinds take up to 16.
	DefaultMaxMemory = 256 << 20

	// DefaultMaxSide is the longest side of the result, in pixels, where
	// [Limits] names none: twice the largest crop that is served.
	DefaultMaxSide = 1024

	// DefaultMaxTime is how long decoding may take where [Limits] names no time:
	// ten times what DefaultMaxPixels of anything common take.
	DefaultMaxTime = 10 * time.Second
)

var (
	// ErrInvalid says that the bytes are not a picture that is accepted: not a
	// PNG, JPEG, GIF or WebP by content, or broken, truncated or hostile.
	ErrInvalid = errors.New("picture: not a valid PNG, JPEG, GIF or WebP")

	// ErrTooLarge says that the picture has more pixels, or takes more memory or
	// more time to decode, than [Limits] allow.
	ErrTooLarge = errors.New("picture: too large")

	// ErrCrop says that a crop is malformed or does not lie within the picture.
	ErrCrop = errors.New("picture: bad crop")
)

// Limits bound what is accepted and what is produced. The zero value stands
// for the defaults.
type Limits struct {
	MaxPixels int           // most pixels (width × height) accepted; DefaultMaxPixels if not positive
	MaxMemory int64         // most bytes that decoding one picture may take; DefaultMaxMemory if not positive
	MaxSide   int           // longest side of the master, in pixels; DefaultMaxSide if not positive
	MaxTime   time.Duration // longest that decoding may take; DefaultMaxTime if not positive
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

func (l Limits) maxTime() time.Duration {
	if l.MaxTime <= 0 {
		return DefaultMaxTime
	}
	return l.MaxTime
}

// Picture is a picture as it is stored and served.
type Picture struct {
	Data          []byte
	ContentType   string // "image/png" or "image/jpeg"
	Extension     string // "png" or "jpg", for SafeName
	Width, Height int    // in pixels, as displayed
}

// Set is what is made of an upload.
type Set struct {
	// Master is the whole picture, at most Limits.MaxSide a side.
	Master *Picture

	// Crops are squares, by the side in Sides. None is enlarged: of a square that
	// has fewer pixels than a side, the crop is as large as the square is, and
	// all such crops are the same Picture. A page that shows it in a box of that
	// side has the browser enlarge it, which looks the same and costs no bytes.
	Crops [len(Sides)]*Picture
}

// Check reads only the headers of data and reports whether Make would refuse it
// for its type, its size or the crop. It decodes no pixels and takes
// microseconds, or, for a JPEG, one pass over the bytes. Data that passes may
// still turn out to be broken when decoded.
//
// The weight is how many bytes of memory Make takes at most, data and garbage
// not counted. It is 0 with an error, which matches ErrInvalid, ErrTooLarge or
// ErrCrop.
func Check(data []byte, lim Limits, crop Crop) (weight int64, err error) {
	h, err := inspect(data, lim, crop)
	return h.weight, err
}
