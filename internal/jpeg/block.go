package jpeg

// block has the coefficients of 8×8 samples, in rows of rising frequency.
type block [64]int32

// unzig maps the zigzag order of the stream to the place in a block (figure A.6).
var unzig = [64]uint8{
	0, 1, 8, 16, 9, 2, 3, 10,
	17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34,
	27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36,
	29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46,
	53, 60, 61, 54, 47, 55, 62, 63,
}

// inverse transforms a block to n×n samples at the beginning of pix; n is 1, 2, 4
// or 8. Rows from height on and columns from width on must be zero.
//
// For n below 8 it leaves out the frequencies that n samples cannot show. This is
// how libjpeg scales, too.
func (b *block) inverse(pix []uint8, stride, n, width, height int) {
	width, height = min(width, n), min(height, n)
	if width == 1 && height == 1 {
		fill(pix, stride, n, sample(float32(b[0])/8))
		return
	}
	var half [8][8]float32 // by row of samples and column of frequencies
	for u := range width {
		var c [8]float32
		for v := range height {
			c[v&7] = float32(b[(8*v+u)&63])
		}
		wave(&c, n)
		for y := range n {
			half[y&7][u&7] = c[y&7]
		}
	}
	for y := range n {
		c := &half[y&7]
		wave(c, n)
		line := pix[y*stride:][:n]
		for x := range line {
			line[x] = sample(c[x&7])
		}
	}
}

// cosI is half of the cosine of I×π/16.
const (
	cos1 = 0.4903926402016152
	cos2 = 0.4619397662556434
	cos3 = 0.4157348061512726
	cos4 = 0.3535533905932738
	cos5 = 0.2777851165098011
	cos6 = 0.1913417161825449
	cos7 = 0.0975451610080641
)

// wave replaces n frequencies by n samples, in one dimension (A.3.3). The even
// frequencies are a transform of half the size.
func wave(c *[8]float32, n int) {
	switch n {
	case 1:
		c[0] *= cos4
	case 2:
		c[0], c[1] = cos4*(c[0]+c[1]), cos4*(c[0]-c[1])
	case 4:
		c[0], c[1], c[2], c[3] = wave4(c[0], c[1], c[2], c[3])
	case 8:
		e0, e1, e2, e3 := wave4(c[0], c[2], c[4], c[6])
		o0 := cos1*c[1] + cos3*c[3] + cos5*c[5] + cos7*c[7]
		o1 := cos3*c[1] - cos7*c[3] - cos1*c[5] - cos5*c[7]
		o2 := cos5*c[1] - cos1*c[3] + cos7*c[5] + cos3*c[7]
		o3 := cos7*c[1] - cos5*c[3] + cos3*c[5] - cos1*c[7]
		*c = [8]float32{e0 + o0, e1 + o1, e2 + o2, e3 + o3, e3 - o3, e2 - o2, e1 - o1, e0 - o0}
	}
}

// wave4 is wave for n = 4.
func wave4(c0, c1, c2, c3 float32) (float32, float32, float32, float32) {
	e0, e1 := cos4*(c0+c2), cos4*(c0-c2)
	o0, o1 := cos2*c1+cos6*c3, cos6*c1-cos2*c3
	return e0 + o0, e1 + o1, e1 - o1, e0 - o0
}

// fill sets n×n samples to one value.
func fill(pix []uint8, stride, n int, v uint8) {
	for y := range n {
		line := pix[y*stride:][:n]
		for x := range line {
			line[x] = v
		}
	}
}

// sample shifts and clips the result of the transform (A.3.1).
func sample(v float32) uint8 {
	v += 128.5
	if v < 0 {
		return 0
	}
	if v >= 255 {
		return 255
	}
	return uint8(v)
}
