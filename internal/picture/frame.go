package picture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/png"
	"io"
)

// frame is a decoded picture: an image that lies at a place on a canvas, where
// the rest of the canvas is transparent. For stills it covers the canvas.
type frame struct {
	img    image.Image
	canvas image.Point // size
	at     image.Point // of the image's top left corner
}

// rendered is what is made of a picture's pixels: the whole, and the square that
// was chosen, at most largestSide a side.
type rendered struct{ master, square *bitmap }

// render decodes the picture and shrinks it. A panic counts as an invalid
// picture. Shrinking is guarded as well, since only then are the pixels read
// that the decoder left behind.
func render(ctx context.Context, data []byte, h header, maxSide int) (r rendered, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = invalid(fmt.Errorf("decoder panicked: %v", p))
		}
	}()
	to := fit(h.size, maxSide)
	side := squareSide(h.square)
	var whole, square *bitmap
	if h.format == formatJPEG {
		whole, err = decodeJPEG(ctx, data, h.jpeg, h.jpegSamples(to, side))
		square = whole
	} else {
		whole, square, err = h.decodeFrame(ctx, data, to, side)
	}
	switch {
	case ctx.Err() != nil:
		return r, ctx.Err()
	case err != nil:
		return r, invalid(err)
	}
	return rendered{whole.resize(image.Rectangle{Max: h.size}, to), square.resize(h.square, side)}, nil
}

// squareSide returns the size of the largest crop, which is not enlarged.
func squareSide(square image.Rectangle) image.Point {
	side := min(square.Dx(), largestSide)
	return image.Pt(side, side)
}

// jpegSamples returns how many samples a side to decode of each block of 8×8, so
// that resizing still has half as many again as it makes: with fewer, the edges
// of blocks could show.
func (h *header) jpegSamples(to, side image.Point) int {
	enough := func(n, have, want int) bool { return 2*n*have >= 8*min(3*want, 2*have) }
	for n := 1; n < 8; n *= 2 {
		if enough(n, h.size.X, to.X) && enough(n, h.size.Y, to.Y) && enough(n, h.square.Dx(), side.X) {
			return n
		}
	}
	return 8
}

// decodeFrame decodes a picture that is no JPEG, and shrinks it to at least the
// size to, and the square in it to at least the given side.
func (h *header) decodeFrame(ctx context.Context, data []byte, to, side image.Point) (whole, square *bitmap, err error) {
	f, err := h.decode(ctx, data)
	if err != nil {
		return nil, nil, err
	}
	whole, err = shrink(ctx, f, image.Rectangle{Max: f.canvas}, to)
	if err != nil || whole.covers(h.square, side) {
		return whole, whole, err
	}
	square, err = shrink(ctx, f, h.square, side)
	return whole, square, err
}

// decode decodes the first frame. No decoder allocates beyond the size checked
// in h, nor its weight: PNG has one size, GIF frames must lie within the screen,
// and the parts of a WebP agree.
func (h *header) decode(ctx context.Context, data []byte) (frame, error) {
	f := frame{canvas: h.size}
	var err error
	r := reader{ctx, bytes.NewReader(data)}
	switch h.format {
	case formatPNG:
		f.img, err = png.Decode(r)
	case formatGIF:
		f.img, err = gif.Decode(r) // stops after the first frame
		if err == nil {
			f.at = f.img.Bounds().Min
		}
	case formatWebP:
		f.img, err = h.webp.decode(ctx)
		f.at = h.webp.rect.Min
	case formatJPEG: // has a decoder of its own
		err = errors.ErrUnsupported
	}
	if err != nil {
		return frame{}, err
	}
	return f, f.check()
}

// check holds the decoder to what the header said.
func (f frame) check() error {
	r := image.Rectangle{Min: f.at, Max: f.at.Add(f.img.Bounds().Size())}
	if r.Empty() || !r.In(image.Rectangle{Max: f.canvas}) {
		return errors.New("frame does not lie within the picture")
	}
	return nil
}

// reader ends when its context does, and so stops a decoder that knows none.
type reader struct {
	ctx context.Context
	io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}
