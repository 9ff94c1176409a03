package picture

import (
	"context"
	"errors"
	"fmt"
	"image"
)

// errSlow is why a context of ours ends.
var errSlow = errors.New("too slow")

// Make decodes data, turns it upright, takes its colours to sRGB, scales it so
// that neither side exceeds lim.MaxSide (keeping its aspect, never enlarging),
// and encodes it anew: PNG and GIF as PNG, JPEG as JPEG, WebP as PNG if it is
// lossless or any of it transparent, else as JPEG. Crops in which nothing is
// transparent are JPEG also where that is smaller. Of an animation the first
// frame is taken. Data is not changed.
//
// It returns an error that matches ErrInvalid, ErrTooLarge or ErrCrop, or that
// of ctx when it has ended.
func Make(ctx context.Context, data []byte, lim Limits, crop Crop) (*Set, error) {
	h, err := inspect(data, lim, crop)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeoutCause(ctx, lim.maxTime(), errSlow)
	defer cancel()
	r, err := render(limited, data, h, lim.maxSide())
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(context.Cause(limited), errSlow):
		return nil, fmt.Errorf("%w: %d×%d takes longer than %v to decode", ErrTooLarge, h.size.X, h.size.Y, lim.maxTime())
	case err != nil:
		return nil, err
	}
	return r.encode(h, data)
}

// encode makes the files.
func (r rendered) encode(h header, data []byte) (*Set, error) {
	var convert *toSRGB
	if p := h.profile(data); p != nil {
		convert = newToSRGB(p)
	}
	finish := func(b *bitmap) *image.RGBA {
		img := b.rgba()
		if convert != nil {
			convert.apply(img)
		}
		return orient(img, h.orientation)
	}
	set := &Set{}
	var err error
	if set.Master, err = encode(finish(r.master), h); err != nil {
		return nil, err
	}
	for i := len(Sides) - 1; i >= 0; i-- {
		if i+1 < len(Sides) && Sides[i] >= set.Crops[i+1].Width {
			set.Crops[i] = set.Crops[i+1] // is no larger
			continue
		}
		to := image.Pt(min(Sides[i], h.square.Dx()), min(Sides[i], h.square.Dy()))
		if set.Crops[i], err = encodeCrop(finish(r.square.resize(h.square, to)), h); err != nil {
			return nil, err
		}
	}
	return set, nil
}
