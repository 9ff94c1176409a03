package picture

import (
	"bytes"
	"context"
	"image"
	"image/gif"
)

// gifFile is a GIF. It has no EXIF and no profile.
type gifFile struct {
	data []byte
	size image.Point // of the logical screen
}

func openGIF(data []byte) (format, error) {
	c, err := gif.DecodeConfig(bytes.NewReader(data))
	return gifFile{data, image.Pt(c.Width, c.Height)}, err
}

func (f gifFile) dimensions() image.Point           { return f.size }
func (f gifFile) exif() []byte                      { return nil }
func (f gifFile) profile() (data []byte, gray bool) { return nil, false }
func (f gifFile) keepsJPEG(bool) bool               { return false }
func (f gifFile) weight(p plan) int64               { return p.frameWeight(f.pixelWeight()) }

// pixelWeight returns what image/gif allocates: a byte a pixel, and as much again
// for interlaced rows, which it reorders in a copy.
func (f gifFile) pixelWeight() int64 { return 2 * area(f.size.X, f.size.Y) }

func (f gifFile) decode(ctx context.Context, p plan) (decoded, error) {
	fr, err := f.frame(ctx)
	if err != nil {
		return decoded{}, err
	}
	return p.shrinkFrame(ctx, fr)
}

// frame decodes the first frame. image/gif refuses frames that leave the screen.
func (f gifFile) frame(ctx context.Context) (frame, error) {
	img, err := gif.Decode(reader{ctx, bytes.NewReader(f.data)})
	if err != nil {
		return frame{}, err
	}
	return frame{img, f.size, img.Bounds().Min}, nil
}
