package icc_test

import (
	"encoding/binary"
	"math"
)

// displayP3 is Display P3 as phones write it: its colours, adapted to D50, and the
// curve of sRGB (ICC, "Display P3" in the registry of characterization data).
var displayP3 = matrixProfile([3][3]float64{
	{0.51512, 0.29198, 0.15710}, {0.24120, 0.69225, 0.06657}, {-0.00105, 0.04189, 0.78407},
}, formula(3, 2.4, 1/1.055, 0.055/1.055, 1/12.92, 0.04045))

// profile builds a profile of tags, given as pairs of name and content.
func profile(space string, tags ...string) string {
	head := make([]byte, 128)
	copy(head[8:], "\x04\x20\x00\x00mntr"+space+"XYZ ") // version 4.2, of a monitor
	copy(head[36:], "acsp")
	copy(head[68:], fixed(0.9642, 1, 0.8249)) // D50
	table := binary.BigEndian.AppendUint32(nil, uint32(len(tags)/2))
	at, content := 132+12*len(tags)/2, ""
	for i := 0; i < len(tags); i += 2 {
		table = append(table, tags[i]...)
		table = binary.BigEndian.AppendUint32(table, uint32(at+len(content)))
		table = binary.BigEndian.AppendUint32(table, uint32(len(tags[i+1])))
		content += tags[i+1]
	}
	binary.BigEndian.PutUint32(head, uint32(at+len(content)))
	return string(head) + string(table) + content
}

// matrixProfile builds a profile of a matrix and the same curve for all colours.
func matrixProfile(xyz [3][3]float64, curve string) string {
	column := func(i int) string { return "XYZ \x00\x00\x00\x00" + fixed(xyz[0][i], xyz[1][i], xyz[2][i]) }
	return profile("RGB ", "rXYZ", column(0), "gXYZ", column(1), "bXYZ", column(2),
		"rTRC", curve, "gTRC", curve, "bTRC", curve)
}

// fixed writes numbers with 16 fractional bits.
func fixed(numbers ...float64) string {
	var b []byte
	for _, n := range numbers {
		b = binary.BigEndian.AppendUint32(b, uint32(int32(math.Round(n*65536))))
	}
	return string(b)
}

// formula writes a tone curve by one of the five formulas (10.18).
func formula(kind byte, numbers ...float64) string {
	return "para\x00\x00\x00\x00\x00" + string(rune(kind)) + "\x00\x00" + fixed(numbers...)
}

// table writes a tone curve by its values (10.6).
func table(values ...uint16) string {
	b := binary.BigEndian.AppendUint32([]byte("curv\x00\x00\x00\x00"), uint32(len(values)))
	for _, v := range values {
		b = binary.BigEndian.AppendUint16(b, v)
	}
	return string(b)
}
