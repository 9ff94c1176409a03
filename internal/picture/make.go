package picture

import (
	"context"
	"errors"
	"fmt"
	"image"
)

// errSlow is the cause with which Make's own deadline ends a context.
var errSlow = errors.New("too slow")

// Make makes the master and the crops. It decodes the first frame, turns it
// upright, converts its colours to sRGB, shrinks it (keeping its aspect, never
// enlarging) and encodes it.
//
// PNG and GIF become PNG, JPEG becomes JPEG. WebP becomes PNG if it is lossless or
// partly transparent, else JPEG. Opaque crops become JPEG if that is much smaller.
//
// Errors: ErrDamaged, ErrTooLarge, ErrCrop, or that of ctx when it has ended.
func (s *Source) Make(ctx context.Context, crop Crop) (*Set, error) {
	p, err := s.plan(crop)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeoutCause(ctx, s.lim.Time(), errSlow)
	defer cancel()
	master, square, err := s.render(limited, p)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(context.Cause(limited), errSlow):
		return nil, fmt.Errorf("%w: %d×%d, more than %v", ErrSlow, p.size.X, p.size.Y, s.lim.Time())
	case err != nil:
		return nil, err
	}
	return s.encodeAll(p, master, square)
}

// decoded is what a format decodes: at least as many samples as the master and the
// crops need. Both may be the same bitmap.
type decoded struct{ whole, square *bitmap }

// render decodes the picture and shrinks it to the master and the largest crop. A
// panic counts as a damaged picture. Shrinking is guarded, too, because it reads
// the pixels that the decoder left.
func (s *Source) render(ctx context.Context, p plan) (master, square *bitmap, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = damaged(fmt.Errorf("decoder panicked: %v", r))
		}
	}()
	d, err := s.file.decode(ctx, p)
	switch {
	case ctx.Err() != nil:
		return nil, nil, ctx.Err()
	case err != nil:
		return nil, nil, damaged(err)
	}
	return d.whole.resize(image.Rectangle{Max: p.size}, p.master), d.square.resize(p.square, p.side), nil
}

// encodeAll finishes the bitmaps and encodes them.
func (s *Source) encodeAll(p plan, master, square *bitmap) (*Set, error) {
	convert := s.conversion()
	finish := func(b *bitmap) *image.RGBA {
		img := b.rgba()
		if convert != nil {
			convertColors(img, convert)
		}
		return orient(img, s.orientation)
	}
	set := &Set{}
	var err error
	if set.Master, err = s.encode(finish(master)); err != nil {
		return nil, err
	}
	for i := len(Sides) - 1; i >= 0; i-- {
		if i+1 < len(Sides) && Sides[i] >= set.Crops[i+1].Width {
			set.Crops[i] = set.Crops[i+1] // which is no larger
			continue
		}
		to := image.Pt(min(Sides[i], p.square.Dx()), min(Sides[i], p.square.Dy()))
		if set.Crops[i], err = s.encodeCrop(finish(square.resize(p.square, to))); err != nil {
			return nil, err
		}
	}
	return set, nil
}
