// Package icc reads the colour profiles of photographs and screens, and converts
// colours to sRGB.
//
// A picture with a profile, such as Display P3 from a phone, looks wrong if its
// profile is dropped without converting its colours. The standard library and
// golang.org/x/image know no profiles. This package supports the two simple kinds
// of ICC.1:2010: three tone curves and a matrix (F.3), and one tone curve for
// gray (F.2). Curves may be tables or formulas. Others are an error: profiles with
// look-up tables (LUT), and profiles of inks (CMYK).
//
// [Parse] reads a profile and [Profile.ToSRGB] prepares a conversion.
//
// Input may be hostile. No more than [MaxSize] bytes and 100 tags are read, and
// offsets are checked.
//
// Numbers such as "10.6" in comments are sections of ICC.1:2010.
package icc

import (
	"encoding/binary"
	"errors"
	"math"
)

const (
	// MaxSize is the largest profile that Parse reads, in bytes. Profiles of
	// cameras and screens have a few thousand. Larger ones are for printing.
	MaxSize = 512 << 10

	// maxTags bounds the tags that are looked at; about 20 are usual.
	maxTags = 100
)

// Profile is a colour profile of matrix and curves, or of one curve for gray.
type Profile struct {
	gray   bool
	curves [3][256]float64 // linear light, by value; only the first for gray
	matrix [3][3]float64   // columns are red, green and blue, in XYZ under D50
}

// errProfile is the error for all profiles that are not supported.
var errProfile = errors.New("icc: not a profile of matrix and curves")

// Parse reads a profile. It fails for malformed profiles and for kinds that are
// not supported.
func Parse(data []byte) (*Profile, error) {
	if len(data) < 132 || len(data) > MaxSize || string(data[36:40]) != "acsp" {
		return nil, errProfile
	}
	p := &Profile{}
	switch space := string(data[16:20]); {
	case string(data[20:24]) != "XYZ ":
		return nil, errProfile
	case space == "GRAY":
		p.gray = true
		return p, p.readCurve(0, findTag(data, "kTRC"))
	case space != "RGB ":
		return nil, errProfile
	}
	for i, color := range "rgb" {
		if err := p.readColumn(i, findTag(data, string(color)+"XYZ")); err != nil {
			return nil, err
		}
		if err := p.readCurve(i, findTag(data, string(color)+"TRC")); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Gray reports whether the profile is for gray pictures.
func (p *Profile) Gray() bool { return p.gray }

// findTag returns the content of a tag (7.3), or nil if there is none.
func findTag(data []byte, name string) []byte {
	count := binary.BigEndian.Uint32(data[128:])
	table := data[132:]
	for range min(count, maxTags) {
		if len(table) < 12 {
			return nil
		}
		if string(table[:4]) == name {
			at, n := uint64(binary.BigEndian.Uint32(table[4:])), uint64(binary.BigEndian.Uint32(table[8:]))
			if at+n > uint64(len(data)) {
				return nil
			}
			return data[at:][:n]
		}
		table = table[12:]
	}
	return nil
}

// fixed reads a number with 16 fractional bits (s15Fixed16Number).
func fixed(b []byte) float64 { return float64(int32(binary.BigEndian.Uint32(b))) / 65536 }

// readColumn reads the XYZ values of a colour (10.31).
func (p *Profile) readColumn(i int, tag []byte) error {
	if len(tag) < 20 || string(tag[:4]) != "XYZ " {
		return errProfile
	}
	for row := range 3 {
		p.matrix[row][i] = fixed(tag[8+4*row:])
	}
	return nil
}

// readCurve reads a tone curve.
func (p *Profile) readCurve(i int, tag []byte) error {
	if len(tag) < 12 {
		return errProfile
	}
	var curve func(float64) float64
	var err error
	switch string(tag[:4]) {
	case "curv":
		curve, err = tableCurve(tag[8:])
	case "para":
		curve, err = formulaCurve(tag[8:])
	default:
		err = errProfile
	}
	if err != nil {
		return err
	}
	for v := range p.curves[i] {
		y := curve(float64(v) / 255)
		if math.IsNaN(y) {
			return errProfile
		}
		p.curves[i][v] = min(max(y, 0), 1)
	}
	return nil
}

// tableCurve reads a table of any length, or an exponent (10.6).
func tableCurve(b []byte) (func(float64) float64, error) {
	count, table := uint64(binary.BigEndian.Uint32(b)), b[4:]
	if count > uint64(len(table)/2) {
		return nil, errProfile
	}
	entry := func(i int) float64 { return float64(binary.BigEndian.Uint16(table[2*i:])) }
	switch count {
	case 0:
		return func(x float64) float64 { return x }, nil
	case 1:
		return func(x float64) float64 { return math.Pow(x, entry(0)/256) }, nil
	}
	last := int(count) - 1
	return func(x float64) float64 {
		at := x * float64(last)
		i := min(int(at), last-1)
		part := at - float64(i)
		return (entry(i)*(1-part) + entry(i+1)*part) / 65535
	}, nil
}

// formulaCurve reads one of five formulas (10.18). Each is (ax+b)^g + c from
// x = d on, and ex + f below.
func formulaCurve(b []byte) (func(float64) float64, error) {
	kind, b := binary.BigEndian.Uint16(b), b[4:]
	counts := []int{1, 3, 4, 5, 7}
	if int(kind) >= len(counts) || len(b) < 4*counts[kind] {
		return nil, errProfile
	}
	var n [7]float64
	for i := range counts[kind] {
		n[i] = fixed(b[4*i:])
	}
	g, a, off := n[0], n[1], n[2]
	var c, d, e, f float64
	switch kind {
	case 0:
		a, d = 1, math.Inf(-1)
	case 1:
		d = -off / a
	case 2:
		c, d = n[3], -off/a
		f = c
	case 3:
		e, d = n[3], n[4]
	case 4:
		e, d, c, f = n[3], n[4], n[5], n[6]
	}
	return func(x float64) float64 {
		if x < d {
			return e*x + f
		}
		return math.Pow(a*x+off, g) + c
	}, nil
}
