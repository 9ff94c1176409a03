// Package picture makes safe profile pictures of uploads: a master of limited
// size, and square crops.
//
// Use it in three steps:
//
//  1. [Open] recognizes the type by content and reads the headers. Files of other
//     types, and pictures with too many pixels, are errors.
//  2. [Source.Weight] tells how much memory a crop and the master take to make.
//     Nothing of that size was allocated so far.
//  3. [Source.Make] decodes, shrinks and converts the picture and encodes it anew.
//     Only pixels survive: no EXIF, GPS, XMP, profile, comment or trailing bytes.
//
// The package knows no HTTP and no storage, keeps no state, and is safe for
// concurrent use. Callers bound how many pictures are decoded at once, by weight.
//
// The files, in the order of the work:
//
//   - open.go opens a file; png.go, jpeg.go, gif.go and webp.go know the formats.
//     pngrepair.go and pngrows.go repair damaged PNG, damage.go says how much may be
//     missing.
//     weight.go has the common parts of weights, crop.go the squares.
//   - frame.go and average.go decode to pixels and average blocks of them. JPEG is
//     decoded at a smaller size in the first place, by package jpeg.
//   - bitmap.go has the samples, resize.go resizes them.
//   - color.go converts to sRGB, with package icc, and orient.go turns the picture
//     upright. Both come late because there are few pixels left.
//   - encode.go and simplest.go write PNG or JPEG. make.go runs it all.
//   - name.go makes file names safe, describe.go describes refused files, and
//     stored.go checks stored pictures.
//
// Decisions 12 and 28 (docs/decisions) have the reasons and the figures.
package picture

import (
	"errors"
	"fmt"
	"time"
)

// Accepted names the types that Open accepts, for messages to users.
const Accepted = "PNG, JPEG, GIF or WebP"

// Defaults of [Limits].
const (
	DefaultMaxPixels = 50_000_000       // more than today's phones make by default
	DefaultMaxMemory = 256 << 20        // DefaultMaxPixels of RGBA or JPEG
	DefaultMaxSide   = 1024             // twice the largest crop
	DefaultMaxTime   = 10 * time.Second // far more than DefaultMaxPixels usually take
)

var (
	// ErrInvalid means that the data is not a picture of an accepted type.
	ErrInvalid = errors.New("picture: not a " + Accepted)

	// ErrDamaged means that the data has an accepted type, but too little of the
	// picture can be read: it is broken, truncated, hostile, or of a rare kind.
	ErrDamaged = errors.New("picture: damaged")

	// ErrTooLarge means that the picture has more pixels, or takes more memory or
	// time to decode, than [Limits] allow.
	ErrTooLarge = errors.New("picture: too large")

	// ErrSlow is the [ErrTooLarge] of a picture that takes longer than [Limits] allow. The
	// limit is of the wall clock, so a busy machine reaches it with any picture.
	ErrSlow = fmt.Errorf("%w: it takes too long to decode", ErrTooLarge)

	// ErrCrop means that a crop is malformed or exceeds the picture.
	ErrCrop = errors.New("picture: bad crop")
)

// Limits bound what is accepted and what is made. Fields that are zero or negative
// stand for their defaults.
type Limits struct {
	MaxPixels int           // most pixels, width × height
	MaxMemory int64         // most bytes that making one picture may take
	MaxSide   int           // longest side of the master, in pixels
	MaxTime   time.Duration // longest time that making one picture may take
}

func (l Limits) maxPixels() int64 {
	if l.MaxPixels <= 0 {
		return DefaultMaxPixels
	}
	return min(int64(l.MaxPixels), mostPixels)
}

// MemoryLimit returns MaxMemory or its default.
func (l Limits) MemoryLimit() int64 { return l.maxMemory() }

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

// Time is how long a picture may take, MaxTime or its default.
func (l Limits) Time() time.Duration {
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

// Set is everything that is made of an upload.
type Set struct {
	// Master is the whole picture, at most Limits.MaxSide a side.
	Master *Picture

	// Crops are squares, in the order of Sides. None is enlarged. If the chosen
	// square has fewer pixels than a side, the crop is as large as the square,
	// and all such crops are the same Picture.
	Crops [len(Sides)]*Picture
}
