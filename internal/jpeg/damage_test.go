package jpeg_test

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/cardea-accounts/cardea/internal/jpeg"
)

// decodeDamaged decodes what there is at full size.
func decodeDamaged(t *testing.T, what string, data []byte) (planes []jpeg.Plane, share float64) {
	t.Helper()
	f, err := jpeg.Open(data)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	planes, share, err = f.Decode(t.Context(), 8)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	return planes, share
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// without turns every segment of a kind into a comment.
func without(data []byte, marker byte) []byte {
	return bytes.ReplaceAll(data, []byte{0xff, marker}, []byte{0xff, 0xfe})
}

// A file that is odd, but has all pixels, is decoded like one that is not.
func TestOddFiles(t *testing.T) {
	second := []byte("\xff\xd8\xff\xc0\x00\x0b\x08\xff\xff\xff\xff\x01\x01\x11\x00\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00")
	fake := []byte("SEFH \xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00 moov \xff\xc4\x00\x03\x77")
	for name, good := range files(t) {
		end := len(good) - 2
		want, _ := decodeDamaged(t, name, good)
		for what, data := range map[string][]byte{
			"no end marker":           good[:end],
			"half an end marker":      good[:end+1],
			"another picture follows": join(good[:end], second),
			"and after the end":       join(good, second),
			"a trailer after the end": join(good, fake),
			"bytes before a marker":   join(good[:2], []byte("ab\x00"), good[2:]),
			"fill bytes":              join(good[:2], []byte{0xff, 0xff}, good[2:]),
		} {
			got, share := decodeDamaged(t, name+", "+what, data)
			if share != 1 || !reflect.DeepEqual(got, want) {
				t.Errorf("%s, %s: share %v", name, what, share)
			}
		}
	}
	for _, name := range []string{"422.jpg", "gray.jpg", "restarts.jpg"} {
		good := file(t, name)
		want, _ := decodeDamaged(t, name, good)
		for what, data := range map[string][]byte{
			"the standard tables left out": without(good, 0xc4),
			"a trailer, no end marker":     join(good[:len(good)-2], fake),
		} {
			if got, share := decodeDamaged(t, what, data); share != 1 || !reflect.DeepEqual(got, want) {
				t.Errorf("%s, %s: share %v", name, what, share)
			}
		}
	}
}

// grayFrom returns from which row on a plane is gray.
func grayFrom(p jpeg.Plane) int {
	row := p.Size.Y
	for row > 0 && bytes.Equal(p.Pix[(row-1)*p.Stride:][:p.Size.X], bytes.Repeat([]byte{128}, p.Size.X)) {
		row--
	}
	return row
}

// Of a file that is cut off, the rows before the cut are decoded. The rest is gray, and
// the share tells how much there is.
func TestCutFiles(t *testing.T) {
	for _, name := range []string{"420.jpg", "444.jpg", "gray.jpg", "rgb.jpg", "restarts.jpg"} {
		good := file(t, name)
		want, _ := decodeDamaged(t, name, good)
		start, last := bytes.Index(good, []byte{0xff, 0xda})+300, 0.0
		for n := start; n < len(good)-3; n += 41 {
			got, share := decodeDamaged(t, name, good[:n])
			rows := grayFrom(got[0])
			if share < last || share >= 1 || float64(rows) < share*float64(got[0].Size.Y)-1 {
				t.Fatalf("%s, cut to %d: share %v after %v, rows %d of %d", name, n, share, last, rows, got[0].Size.Y)
			}
			last = share
			whole := int(share*float64(want[0].Size.Y)/16) * 16 // units of 16 rows
			for i, p := range got {
				same := whole * p.Size.Y / want[0].Size.Y * p.Stride
				if !bytes.Equal(p.Pix[:same], want[i].Pix[:same]) {
					t.Fatalf("%s, cut to %d: plane %d differs in the first %d rows", name, n, i, whole)
				}
			}
		}
		if last < 0.9 {
			t.Errorf("%s: share %v just before the end", name, last)
		}
	}
}

// A progressive JPEG counts from its first coefficients on. What is cut off later is
// detail.
func TestCutProgressive(t *testing.T) {
	good := file(t, "progressive_420.jpg")
	var scans []int
	for at := range good {
		if good[at] == 0xff && good[at+1] == 0xda {
			scans = append(scans, at)
		}
	}
	want, _ := decodeDamaged(t, "whole", good)
	last := 1 << 30
	for i, at := range scans[1:] {
		f, err := jpeg.Open(good[:at])
		if err != nil {
			t.Fatal(err)
		}
		planes, share, err := f.Decode(t.Context(), 8)
		if i == 0 {
			continue // colours only
		}
		if err != nil || share != 1 {
			t.Errorf("%d scans: share %v, %v", i+1, share, err)
			continue
		}
		apart := 0
		for j, v := range planes[0].Pix {
			apart += max(int(v), int(want[0].Pix[j])) - min(int(v), int(want[0].Pix[j]))
		}
		if apart > last || apart > 8*len(planes[0].Pix) {
			t.Errorf("%d scans: off by %d after %d", i+1, apart, last)
		}
		last = apart
	}
	nothing := func(what string, data []byte) {
		t.Helper()
		f, err := jpeg.Open(data)
		if err != nil {
			t.Fatal(err)
		}
		if _, share, err := f.Decode(t.Context(), 8); err == nil {
			t.Errorf("%s: share %v", what, share)
		}
	}
	nothing("a mosaic", good[:scans[1]])
	nothing("half of the first scan", good[:(scans[0]+scans[1])/2])
	// Bytes left over mean that a code before them was broken.
	second := bytes.LastIndex(good[:scans[1]], []byte{0xff, 0xc4})
	nothing("bytes left over", join(good[:second], []byte("bytes left over"), good[second:]))
}

// Restart markers limit the harm: what is broken ends at the next one.
func TestRestartsLimitTheHarm(t *testing.T) {
	good := file(t, "restarts.jpg")
	want, _ := decodeDamaged(t, "good", good)
	var marks []int
	for at := range len(good) - 1 {
		if good[at] == 0xff && good[at+1] >= 0xd0 && good[at+1] <= 0xd7 {
			marks = append(marks, at)
		}
	}
	first, second, third := marks[0], marks[1], marks[2]
	flip := bytes.Clone(good)
	for i := first + 10; i < second-10; i++ {
		flip[i] = 0x55
	}
	renumbered := bytes.Clone(good)
	renumbered[second+1] = 0xd5 // far from 0xd1: a mistake of the encoder
	for what, c := range map[string]struct {
		data []byte
		lost int // intervals
	}{
		"broken bytes":        {flip, 1},
		"a marker lost":       {join(good[:second], good[second+2:]), 1},
		"an interval lost":    {join(good[:second], good[third:]), 1},
		"two intervals lost":  {join(good[:first], good[third:]), 2},
		"an interval twice":   {join(good[:second], good[first:]), 0},
		"a marker renumbered": {renumbered, 0},
	} {
		got, share := decodeDamaged(t, what, c.data)
		all := float64(len(marks) + 1)
		if least := 1 - float64(c.lost)/all - 0.001; share < least || c.lost > 0 && share == 1 {
			t.Errorf("%s: share %v, want %v", what, share, least)
		}
		differ := 0
		for i, v := range got[0].Pix {
			if v != want[0].Pix[i] {
				differ++
			}
		}
		if most := float64(c.lost) / all; float64(differ) > most*float64(len(got[0].Pix)) {
			t.Errorf("%s: %d of %d samples differ", what, differ, len(got[0].Pix))
		}
	}
}
