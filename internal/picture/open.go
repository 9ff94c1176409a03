package picture

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/png"
)

type format int

const (
	formatPNG format = iota + 1
	formatJPEG
	formatGIF
	formatWebP
)

// maxSourceSide is the longest side that any format but PNG can state. A line of pixels
// longer than that is no picture, and costs more than its pixels do.
const maxSourceSide = 1<<16 - 1

// header is what is known of a picture before decoding it.
type header struct {
	format      format
	size        image.Point     // of the whole picture, as stored; each side at least 1
	orientation int             // 1 to 8: see orient.go
	square      image.Rectangle // the crop, as stored
	weight      int64           // see weight.go
	png         pngHeader       // for formatPNG
	jpeg        jpegHeader      // for formatJPEG
	webp        webpFrame       // for formatWebP
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
func inspect(data []byte, lim Limits, crop Crop) (header, error) {
	f, err := sniff(data)
	if err != nil {
		return header{}, err
	}
	h := header{format: f}
	if err := h.readSize(data); err != nil {
		return header{}, invalid(err)
	}
	if h.size.X < 1 || h.size.Y < 1 {
		return header{}, invalid(errors.New("no pixels"))
	}
	if area(h.size.X, h.size.Y) > lim.maxPixels() || max(h.size.X, h.size.Y) > maxSourceSide {
		return header{}, fmt.Errorf("%w: %d×%d", ErrTooLarge, h.size.X, h.size.Y)
	}
	if f == formatPNG {
		if _, err := png.DecodeConfig(bytes.NewReader(data)); err != nil { // for its opinion only
			return header{}, invalid(err)
		}
	}
	h.orientation = orientation(h.exif(data))
	square, err := crop.in(uprightSize(h.size, h.orientation))
	if err != nil {
		return header{}, err
	}
	h.square = storedPart(square, h.size, h.orientation)
	h.weight = h.weigh(lim.maxSide())
	if h.weight > lim.maxMemory() {
		return header{}, fmt.Errorf("%w: %d×%d takes %d bytes to decode", ErrTooLarge, h.size.X, h.size.Y, h.weight)
	}
	return h, nil
}

// readSize reads the size of the whole picture, which for animations is that of
// the canvas, and what else the headers say.
func (h *header) readSize(data []byte) (err error) {
	switch h.format {
	case formatPNG:
		h.png, err = parsePNG(data)
		h.size = h.png.size
	case formatJPEG:
		h.jpeg, err = parseJPEG(data)
		h.size = h.jpeg.size
	case formatGIF:
		var c image.Config
		c, err = gif.DecodeConfig(bytes.NewReader(data))
		h.size = image.Pt(c.Width, c.Height)
	case formatWebP:
		h.webp, err = parseWebP(data)
		h.size = h.webp.canvas
	}
	return err
}

// profile returns the colour profile of the picture, if it has one that is of
// use for its colours.
//
// Not read are what a PNG may say in gAMA and cHRM, which is what sRGB means
// nearly always, and often wrong otherwise, and profiles of inks.
func (h *header) profile(data []byte) *profile {
	var content []byte
	gray := false
	switch h.format {
	case formatPNG:
		content = inflateProfile(pngProfile(data))
		gray = h.png.colorType == pngGray || h.png.colorType == pngGrayAlpha
	case formatJPEG:
		content = h.jpeg.profile.joined()
		gray = h.jpeg.colors() == grays
		if len(h.jpeg.components) == 4 {
			return nil
		}
	case formatWebP:
		content = webpProfile(data)
	case formatGIF:
		return nil // has none
	}
	p, err := parseProfile(content)
	if err != nil || p.gray != gray {
		return nil
	}
	return p
}
