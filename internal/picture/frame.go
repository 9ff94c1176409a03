package picture

import (
	"context"
	"errors"
	"image"
	"io"
)

// frame is a decoded image, at its place on a canvas that is transparent
// elsewhere. The image of a still picture covers the canvas.
type frame struct {
	img    image.Image
	canvas image.Point // size
	at     image.Point // top left corner of the image
}

// shrinkFrame averages a frame to at least the size of the master, and, if that is
// too coarse for the crop, the square to at least the side of the largest crop.
func (p plan) shrinkFrame(ctx context.Context, f frame) (d decoded, err error) {
	if err := f.check(); err != nil {
		return d, err
	}
	d.whole, err = shrink(ctx, f, image.Rectangle{Max: f.canvas}, p.master)
	d.square = d.whole
	if err == nil && !d.whole.covers(p.square, p.side) {
		d.square, err = shrink(ctx, f, p.square, p.side)
	}
	return d, err
}

// check refuses a frame that does not lie within its canvas.
func (f frame) check() error {
	r := image.Rectangle{Min: f.at, Max: f.at.Add(f.img.Bounds().Size())}
	if r.Empty() || !r.In(image.Rectangle{Max: f.canvas}) {
		return errors.New("frame does not lie within the picture")
	}
	return nil
}

// reader fails when its context has ended. It stops decoders that know no context.
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
