package picture

import (
	"context"
	"image"

	"github.com/cardea-accounts/cardea/internal/jpeg"
)

// jpegFile is a JPEG, which package jpeg decodes at a smaller size.
type jpegFile struct{ *jpeg.File }

func openJPEG(data []byte) (format, error) {
	f, err := jpeg.Open(data)
	return jpegFile{f}, err
}

func (f jpegFile) dimensions() image.Point { return f.Size }
func (f jpegFile) exif() []byte            { return f.EXIF }
func (f jpegFile) keepsJPEG(bool) bool     { return true }

func (f jpegFile) profile() (data []byte, gray bool) {
	switch f.Colors() {
	case jpeg.Gray:
		return f.Profile(), true
	case jpeg.YCbCr, jpeg.RGB:
		return f.Profile(), false
	case jpeg.CMYK, jpeg.InvertedCMYK, jpeg.InvertedYCCK: // profiles of inks are not read
	}
	return nil, false
}

func (f jpegFile) weight(p plan) int64 {
	n := p.jpegSamples()
	have := image.Pt((p.size.X*n+7)/8, (p.size.Y*n+7)/8)
	return f.Weight(n) + max(resizeWeight(have, p.master), resizeWeight(have, p.side))
}

// jpegSamples returns how many samples a side to decode of each block of 8×8. Resizing
// has at least half as many again as it makes; with fewer, block edges could show.
func (p plan) jpegSamples() int {
	enough := func(n, have, want int) bool { return 2*n*have >= 8*min(3*want, 2*have) }
	for n := 1; n < 8; n *= 2 {
		if enough(n, p.size.X, p.master.X) && enough(n, p.size.Y, p.master.Y) && enough(n, p.square.Dx(), p.side.X) {
			return n
		}
	}
	return 8
}

func (f jpegFile) decode(ctx context.Context, p plan) (decoded, error) {
	planes, share, err := f.Decode(ctx, p.jpegSamples())
	if err == nil {
		err = enough(share)
	}
	if err != nil {
		return decoded{}, err
	}
	b := f.bitmap(planes)
	return decoded{b, b}, nil
}

// bitmap returns the decoded planes as a bitmap of the whole picture.
func (f jpegFile) bitmap(planes []jpeg.Plane) *bitmap {
	b := &bitmap{toRGBA: map[jpeg.Colors]rowConverter{
		jpeg.Gray: grayRow, jpeg.YCbCr: yccRow, jpeg.RGB: rgbRow,
		jpeg.CMYK: cmykRow, jpeg.InvertedCMYK: invertedCMYKRow, jpeg.InvertedYCCK: invertedYCCKRow,
	}[f.Colors()]}
	for _, p := range planes {
		b.planes = append(b.planes, plane{
			pix: p.Pix, stride: p.Stride, size: p.Size,
			area: image.Rectangle{Max: f.Size}, perX: p.PerX, perY: p.PerY,
		})
	}
	return b
}
