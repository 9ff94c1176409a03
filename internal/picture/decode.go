package picture

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
)

// frame is a decoded picture: an image that lies at a place on a canvas, where
// the rest of the canvas is transparent. For stills it covers the canvas.
type frame struct {
	img    image.Image
	canvas image.Point // size
	at     image.Point // of the image's top left corner
}

// render decodes the picture and scales it to at most maxSide. A panic counts
// as an invalid picture. Scaling is guarded as well, since only then are the
// pixels read that the decoder left behind.
func render(data []byte, h header, maxSide int) (img *image.RGBA, err error) {
	defer func() {
		if p := recover(); p != nil {
			img, err = nil, invalid(fmt.Errorf("decoder panicked: %v", p))
		}
	}()
	f, err := decode(data, h)
	if err != nil {
		return nil, invalid(err)
	}
	return scale(f, maxSide), nil
}

// decode decodes the first frame. No decoder allocates beyond the size checked
// in h, nor its weight: PNG has one size, a JPEG with two was refused, GIF
// frames must lie within the screen, and the parts of a WebP agree.
func decode(data []byte, h header) (frame, error) {
	f := frame{canvas: h.size}
	var err error
	r := bytes.NewReader(data)
	switch h.format {
	case formatPNG:
		f.img, err = png.Decode(r)
	case formatJPEG:
		f.img, err = jpeg.Decode(r)
	case formatGIF:
		f.img, err = gif.Decode(r) // stops after the first frame
		if err == nil {
			f.at = f.img.Bounds().Min
		}
	case formatWebP:
		f.img, err = h.webp.decode()
		f.at = h.webp.rect.Min
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
