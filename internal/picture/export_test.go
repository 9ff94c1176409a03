package picture

import (
	"context"
	"image"
)

// Decoding returns the weight of decoding data alone, without what follows, and
// a function that decodes it. Tests can tell a weight from the memory it stands
// for only where there is no garbage of later steps.
func Decoding(data []byte) (weight int64, decode func() error, err error) {
	h, err := inspect(data, Limits{}, Crop{})
	if err != nil {
		return 0, nil, err
	}
	ctx := context.Background()
	if h.format == formatJPEG {
		n := h.jpegSamples(fit(h.size, DefaultMaxSide), squareSide(h.square))
		return h.jpeg.weight(n), func() error {
			_, err := decodeJPEG(ctx, data, h.jpeg, n)
			return err
		}, nil
	}
	return h.frameWeight(), func() error {
		_, err := h.decode(ctx, data)
		return err
	}, nil
}

// Render does what decodes and shrinks.
func Render(ctx context.Context, data []byte) error {
	h, err := inspect(data, Limits{}, Crop{})
	if err != nil {
		return err
	}
	_, err = render(ctx, data, h, DefaultMaxSide)
	return err
}

// DecodeJPEG decodes a JPEG with n×n samples for each block of 8×8.
func DecodeJPEG(data []byte, n int) (*image.RGBA, error) {
	h, err := parseJPEG(data)
	if err != nil {
		return nil, err
	}
	b, err := decodeJPEG(context.Background(), data, h, n)
	if err != nil {
		return nil, err
	}
	to := image.Pt(ceil(h.size.X*n, 8), ceil(h.size.Y*n, 8))
	return b.resize(image.Rectangle{Max: to.Mul(8 / n)}, to).rgba(), nil
}

// ParseProfile reports whether a colour profile is one that is used.
func ParseProfile(data []byte) bool {
	p, err := parseProfile(data)
	if err != nil {
		return false
	}
	if c := newToSRGB(p); c != nil {
		c.convert(1, 2, 3)
	}
	return true
}
