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
	weight int64       // see weight.go
	png    pngHeader   // for formatPNG
	jpeg   jpegFrame   // for formatJPEG
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
	case bytes.HasPrefix(data, []byte(pngSignature)):
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
// its frames to the size in the header (see decode.go). What it allocates for
// them, and what follows decoding, lim allows as well (see weight.go).
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
	if area(h.size.X, h.size.Y) > lim.maxPixels() {
		return header{}, fmt.Errorf("%w: %d×%d", ErrTooLarge, h.size.X, h.size.Y)
	}
	if err := h.readRest(data); err != nil {
		return header{}, invalid(err)
	}
	h.weight = h.weigh(lim.maxSide())
	if h.weight > lim.maxMemory() {
		return header{}, fmt.Errorf("%w: %d×%d takes %d bytes to decode", ErrTooLarge, h.size.X, h.size.Y, h.weight)
	}
	return h, nil
}

// readSize returns the size of the whole picture, which for animations is that
// of the canvas. For PNG it also reads the rest of the header, for WebP it
// finds the first frame.
func (h *header) readSize(data []byte) (image.Point, error) {
	var c image.Config
	var err error
	r := bytes.NewReader(data)
	switch h.format {
	case formatPNG:
		h.png, err = parsePNG(data)
		return h.png.size, err
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

// readRest reads what else the headers say, of a picture that is not too large.
func (h *header) readRest(data []byte) (err error) {
	switch h.format {
	case formatPNG:
		_, err = png.DecodeConfig(bytes.NewReader(data)) // for its opinion only
	case formatJPEG:
		h.jpeg, err = parseJPEG(data)
	case formatGIF, formatWebP: // have told all with the size
	}
	return err
}
