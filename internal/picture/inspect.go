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

type format int

const (
	formatPNG format = iota + 1
	formatJPEG
	formatGIF
	formatWebP
)

// header is what is known of a picture before decoding it.
type header struct {
	format format
	size   image.Point // of the whole picture; each side at least 1
	webp   webpFrame   // for formatWebP
}

// invalid wraps why a picture is refused, as text: what a decoder says about a
// stranger's bytes is for logs, nobody should match on it.
func invalid(why error) error {
	return fmt.Errorf("%w: %v", ErrInvalid, why)
}

// sniff tells the format by the first bytes, as a name or a declared type can
// lie. Sources: PNG (RFC 2083, 3.1), JPEG (ITU T.81, B.1.1.3), GIF89a (17),
// WebP (RFC 9649, 2.4).
func sniff(data []byte) (format, error) {
	switch {
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		return formatPNG, nil
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		return formatJPEG, nil
	case bytes.HasPrefix(data, []byte("GIF87a")), bytes.HasPrefix(data, []byte("GIF89a")):
		return formatGIF, nil
	case len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		return formatWebP, nil
	}
	return 0, invalid(errors.New("unknown type"))
}

// inspect reads the headers and refuses what is too large or cannot be sane.
// After it, no decoder allocates for more pixels than lim allows: each holds
// its frames to the size in the header (see decode.go).
func inspect(data []byte, lim Limits) (header, error) {
	f, err := sniff(data)
	if err != nil {
		return header{}, err
	}
	h := header{format: f}
	if h.size, err = h.readSize(data); err != nil {
		return header{}, invalid(err)
	}
	if h.size.X < 1 || h.size.Y < 1 {
		return header{}, invalid(errors.New("no pixels"))
	}
	// In 64 bits: the product of two sides can overflow an int elsewhere.
	if int64(h.size.X)*int64(h.size.Y) > lim.maxPixels() {
		return header{}, fmt.Errorf("%w: %d×%d", ErrTooLarge, h.size.X, h.size.Y)
	}
	if f == formatJPEG {
		if err := checkJPEGMarkers(data); err != nil {
			return header{}, invalid(err)
		}
	}
	return h, nil
}

// readSize returns the size of the whole picture, which for animations is that
// of the canvas. For WebP it also finds the first frame.
func (h *header) readSize(data []byte) (image.Point, error) {
	var c image.Config
	var err error
	r := bytes.NewReader(data)
	switch h.format {
	case formatPNG:
		c, err = png.DecodeConfig(r)
	case formatJPEG:
		c, err = jpeg.DecodeConfig(r)
	case formatGIF:
		c, err = gif.DecodeConfig(r)
	case formatWebP:
		h.webp, err = parseWebP(data)
		return h.webp.canvas, err
	}
	return image.Pt(c.Width, c.Height), err
}
