package picture

import "image"

// bitmap is a decoded picture, or a part of it, at full size or already shrunk.
type bitmap struct {
	planes []plane
	toRGBA rowConverter // of its colours
}

// rowConverter converts a row of samples, by plane, to pixels of RGBA.
type rowConverter func(dst []uint8, src *[4][]uint8)

// plane has the samples of one colour. The planes of a bitmap can differ in their
// resolution: JPEG may have fewer samples of colour than of brightness.
type plane struct {
	pix        []uint8
	stride     int
	size       image.Point     // in samples
	area       image.Rectangle // the part of the picture that the samples cover
	perX, perY float64         // samples a pixel of the picture
}

// covers reports whether b has a part of the picture with at least the given number of
// samples.
func (b *bitmap) covers(part image.Rectangle, samples image.Point) bool {
	p := b.planes[0]
	return part.In(p.area) &&
		p.perX*float64(part.Dx()) >= float64(samples.X) && p.perY*float64(part.Dy()) >= float64(samples.Y)
}

// resize returns a part of the picture, each plane in the given size.
func (b *bitmap) resize(part image.Rectangle, to image.Point) *bitmap {
	out := &bitmap{toRGBA: b.toRGBA}
	for _, p := range b.planes {
		out.planes = append(out.planes, plane{
			pix: p.resize(part, to), stride: to.X, size: to, area: part,
			perX: float64(to.X) / float64(part.Dx()), perY: float64(to.Y) / float64(part.Dy()),
		})
	}
	return out
}

// rgba returns the pixels of a bitmap whose planes have the same size.
func (b *bitmap) rgba() *image.RGBA {
	img := image.NewRGBA(image.Rectangle{Max: b.planes[0].size})
	var src [4][]uint8
	for y := range img.Rect.Dy() {
		for i, p := range b.planes {
			src[i] = p.pix[y*p.stride:][:p.size.X]
		}
		b.toRGBA(img.Pix[y*img.Stride:][:4*img.Rect.Dx()], &src)
	}
	return img
}

func grayRow(dst []uint8, src *[4][]uint8) {
	for i, v := range src[0] {
		set(dst[4*i:], v, v, v)
	}
}

func rgbRow(dst []uint8, src *[4][]uint8) {
	for i := range src[0] {
		set(dst[4*i:], src[0][i], src[1][i], src[2][i])
	}
}

// rgbaRow takes premultiplied colours. It limits them to their alpha, which resizing
// can overshoot.
func rgbaRow(dst []uint8, src *[4][]uint8) {
	for i, a := range src[3] {
		set(dst[4*i:], min(src[0][i], a), min(src[1][i], a), min(src[2][i], a))
		dst[4*i+3] = a
	}
}

func yccRow(dst []uint8, src *[4][]uint8) {
	for i := range src[0] {
		r, g, b := yccToRGB(src[0][i], src[1][i], src[2][i])
		set(dst[4*i:], r, g, b)
	}
}

func cmykRow(dst []uint8, src *[4][]uint8) {
	for i := range src[0] {
		ink(dst[4*i:], ^src[0][i], ^src[1][i], ^src[2][i], ^src[3][i])
	}
}

func invertedCMYKRow(dst []uint8, src *[4][]uint8) {
	for i := range src[0] {
		ink(dst[4*i:], src[0][i], src[1][i], src[2][i], src[3][i])
	}
}

func invertedYCCKRow(dst []uint8, src *[4][]uint8) {
	for i := range src[0] {
		c, m, y := yccToRGB(src[0][i], src[1][i], src[2][i])
		ink(dst[4*i:], ^c, ^m, ^y, src[3][i])
	}
}

// ink sets the colour of four inks on white, each given as the light it lets pass.
// Browsers show CMYK pictures without a profile like this.
func ink(dst []uint8, c, m, y, k uint8) {
	set(dst, product(c, k), product(m, k), product(y, k))
}

// product returns a×b/255.
func product(a, b uint8) uint8 { return uint8((uint32(a)*uint32(b) + 127) / 255) }

// set sets an opaque pixel.
func set(dst []uint8, r, g, b uint8) {
	dst[0], dst[1], dst[2], dst[3] = r, g, b, 255
}

// yccToRGB converts as JFIF 1.02 specifies, with 16 fractional bits.
func yccToRGB(y, cb, cr uint8) (r, g, b uint8) {
	yy, u, v := int32(y)<<16+1<<15, int32(cb)-128, int32(cr)-128
	return clip(yy + 91881*v), clip(yy - 22554*u - 46802*v), clip(yy + 116130*u)
}

// clip returns the integer part of a number with 16 fractional bits, clipped to a byte.
func clip(v int32) uint8 {
	if v < 0 {
		return 0
	}
	return uint8(min(v>>16, 255))
}
