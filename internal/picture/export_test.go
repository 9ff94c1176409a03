package picture

import (
	"context"
	"image"

	"github.com/cardea-accounts/cardea/internal/jpeg"
)

// Decoding returns the weight of decoding data, without later steps, and a function
// that decodes it. Only without the garbage of later steps can tests compare a weight
// with the memory it stands for.
func Decoding(data []byte) (weight int64, decode func() error, err error) {
	s, err := Open(data, Limits{})
	if err != nil {
		return 0, nil, err
	}
	p, err := s.plan(Crop{})
	if err != nil {
		return 0, nil, err
	}
	ctx := context.Background()
	if f, ok := s.file.(jpegFile); ok {
		return f.Weight(p.jpegSamples()), func() error {
			_, _, err := f.Decode(ctx, p.jpegSamples())
			return err
		}, nil
	}
	f := s.file.(interface {
		pixelWeight() int64
		frame(ctx context.Context) (frame, error)
	})
	return f.pixelWeight(), func() error {
		_, err := f.frame(ctx)
		return err
	}, nil
}

// Render decodes and shrinks a picture.
func Render(ctx context.Context, data []byte) error {
	s, err := Open(data, Limits{})
	if err != nil {
		return err
	}
	p, err := s.plan(Crop{})
	if err != nil {
		return err
	}
	_, _, err = s.render(ctx, p)
	return err
}

// DecodeJPEG decodes a JPEG at full size.
func DecodeJPEG(data []byte) (*image.RGBA, error) {
	f, err := jpeg.Open(data)
	if err != nil {
		return nil, err
	}
	planes, _, err := f.Decode(context.Background(), 8)
	if err != nil {
		return nil, err
	}
	return jpegFile{f}.bitmap(planes).resize(image.Rectangle{Max: f.Size}, f.Size).rgba(), nil
}
