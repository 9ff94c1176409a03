package picture

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"io"
	"math"
)

const (
	// maxProfile bounds a colour profile, in bytes. Those of screens and cameras
	// have a few thousand; larger ones are of printers, and no use here.
	maxProfile = 512 << 10

	// maxProfileTags bounds the parts of a profile; usual are about 20.
	maxProfileTags = 100
)

// profile is a colour profile of the simple kind that cameras, phones and
// screens have: a curve for each colour, and a matrix to XYZ (ICC.1:2010, F.3),
// or one curve for gray (F.2).
type profile struct {
	gray   bool
	curves [3][256]float64 // linear light, by value; only the first for gray
	matrix [3][3]float64   // columns are red, green and blue, in XYZ under D50
}

var errProfile = errors.New("no simple colour profile")

// parseProfile reads a profile. One that converts by other means than matrix and
// curves has an error; so have inks.
func parseProfile(data []byte) (*profile, error) {
	if len(data) < 132 || len(data) > maxProfile || string(data[36:40]) != "acsp" {
		return nil, errProfile
	}
	p := &profile{}
	switch space := string(data[16:20]); {
	case string(data[20:24]) != "XYZ ":
		return nil, errProfile
	case space == "GRAY":
		p.gray = true
		return p, p.readCurve(0, profileTag(data, "kTRC"))
	case space != "RGB ":
		return nil, errProfile
	}
	for i, color := range "rgb" {
		if err := p.readColumn(i, profileTag(data, string(color)+"XYZ")); err != nil {
			return nil, err
		}
		if err := p.readCurve(i, profileTag(data, string(color)+"TRC")); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// profileTag returns the content of a tag (ICC.1:2010, 7.3); nil if there is none.
func profileTag(data []byte, name string) []byte {
	count := binary.BigEndian.Uint32(data[128:])
	table := data[132:]
	for range min(count, maxProfileTags) {
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

// fixed reads a number with 16 bits of fraction (s15Fixed16Number).
func fixed(b []byte) float64 { return float64(int32(binary.BigEndian.Uint32(b))) / 65536 }

// readColumn reads the XYZ of a colour (10.31).
func (p *profile) readColumn(i int, tag []byte) error {
	if len(tag) < 20 || string(tag[:4]) != "XYZ " {
		return errProfile
	}
	for row := range 3 {
		p.matrix[row][i] = fixed(tag[8+4*row:])
	}
	return nil
}

// readCurve reads a tone curve: a table (10.6) or a formula (10.18).
func (p *profile) readCurve(i int, tag []byte) error {
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

// formulaCurve reads one of the five formulas, each of which is
// (ax+b)^g + c from x = d on, and ex + f below.
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

// profileParts are the pieces that a JPEG may cut a profile into (ICC.1:2010,
// B.4).
type profileParts struct {
	parts [][]byte
	size  int
}

// addJPEG adds the piece in an APP2 segment, if it is one.
func (p *profileParts) addJPEG(segment []byte) {
	part, ok := bytes.CutPrefix(segment, []byte("ICC_PROFILE\x00"))
	if !ok || len(part) < 2 {
		return
	}
	number, count := int(part[0]), int(part[1])
	if p.parts == nil {
		p.parts = make([][]byte, count)
	}
	if number < 1 || number > count || count != len(p.parts) || p.size > maxProfile {
		return
	}
	p.parts[number-1] = part[2:]
	p.size += len(part) - 2
}

// joined returns the whole profile; nil if it has none, or a piece is missing.
func (p *profileParts) joined() []byte {
	if p.size > maxProfile {
		return nil
	}
	for _, part := range p.parts {
		if part == nil {
			return nil
		}
	}
	return bytes.Join(p.parts, nil)
}

// inflateProfile returns the profile in an iCCP chunk of a PNG (RFC 2083 and
// PNG 1.2, 4.2.2.4), of which it inflates no more than a profile may have.
func inflateProfile(chunk []byte) []byte {
	_, rest, ok := bytes.Cut(chunk, []byte{0})
	if !ok || len(rest) < 1 || rest[0] != 0 {
		return nil
	}
	z, err := zlib.NewReader(bytes.NewReader(rest[1:]))
	if err != nil {
		return nil
	}
	data, err := io.ReadAll(io.LimitReader(z, maxProfile+1))
	if err != nil {
		return nil
	}
	return data // parseProfile refuses one that is too long
}
