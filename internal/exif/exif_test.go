package exif_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/exif"
)

// Types of entries (TIFF 6.0, section 2; Exif 3.0 adds UTF-8).
const (
	typeByte, typeASCII, typeShort, typeLong = 1, 2, 3, 4
	typeUTF8                                 = 129
)

// entry is an entry of a directory. Its value is left-justified in four bytes.
type entry struct {
	tag, kind uint16
	count     uint32
	value     []byte
}

// orientation returns an entry that states an orientation in a number of some type.
func orientation(order binary.AppendByteOrder, kind uint16, o int) entry {
	e := entry{tag: 0x0112, kind: kind, count: 1}
	switch kind {
	case typeByte:
		e.value = []byte{byte(o)}
	case typeLong:
		e.value = order.AppendUint32(nil, uint32(o))
	default:
		e.value = order.AppendUint16(nil, uint16(o))
	}
	return e
}

// tiff returns a TIFF structure whose first directory has the given entries.
func tiff(order binary.AppendByteOrder, entries ...entry) []byte {
	b := []byte("MM")
	if order == binary.AppendByteOrder(binary.LittleEndian) {
		b = []byte("II")
	}
	b = order.AppendUint16(b, 42)
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, uint16(len(entries)))
	for _, e := range entries {
		b = order.AppendUint16(b, e.tag)
		b = order.AppendUint16(b, e.kind)
		b = order.AppendUint32(b, e.count)
		b = append(b, append(e.value, make([]byte, 4-len(e.value))...)...)
	}
	return append(b, 0, 0, 0, 0) // no further directory
}

var orders = []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian}

func TestOrientation(t *testing.T) {
	for _, order := range orders {
		for _, kind := range []uint16{typeByte, typeShort, typeLong} {
			for o := 1; o <= 8; o++ {
				plain := orientation(order, kind, o)
				for name, data := range map[string][]byte{
					"alone":           tiff(order, plain),
					"marked":          append([]byte("Exif\x00\x00"), tiff(order, plain)...),
					"after text":      tiff(order, entry{0x010f, typeASCII, 99, []byte{0, 0, 0, 99}}, plain),
					"after UTF-8":     tiff(order, entry{0x010e, typeUTF8, 3, []byte("abc")}, plain),
					"after type 0":    tiff(order, entry{0x010e, 0, 1 << 31, []byte{255, 255, 255, 255}}, plain),
					"after type 1000": tiff(order, entry{0x0100, 1000, 0, nil}, plain, plain),
				} {
					if got := exif.Orientation(data); got != o {
						t.Errorf("%s, %v, type %d, %s: %d, want %d", name, order, kind, name, got, o)
					}
				}
			}
		}
	}
}

func TestNoOrientation(t *testing.T) {
	for _, order := range orders {
		good := tiff(order, orientation(order, typeShort, 6))
		twice := orientation(order, typeShort, 6)
		twice.count = 2
		thumbnail := tiff(order)
		thumbnail = order.AppendUint32(thumbnail[:len(thumbnail)-4], uint32(len(thumbnail)))
		thumbnail = append(thumbnail, tiff(order, orientation(order, typeShort, 6))[8:]...)
		for name, data := range map[string][]byte{
			"nothing":                  nil,
			"text":                     []byte("hello, world"),
			"0":                        tiff(order, orientation(order, typeShort, 0)),
			"9":                        tiff(order, orientation(order, typeShort, 9)),
			"65541 as LONG":            tiff(order, orientation(order, typeLong, 65541)),
			"text as value":            tiff(order, orientation(order, typeASCII, 6)),
			"two values":               tiff(order, twice),
			"only for the thumbnail":   thumbnail,
			"another number than 42":   append(append([]byte{}, good[:2]...), append([]byte{1, 1}, good[4:]...)...),
			"a directory far away":     append(append([]byte{}, good[:4]...), 255, 255, 255, 255, 0, 0),
			"more entries than stated": []byte(string(good[:8]) + "\x00\x00" + string(good[10:])),
			"empty directory":          tiff(order),
			"mark only":                []byte("Exif\x00\x00"),
			"two marks":                append([]byte("Exif\x00\x00Exif\x00\x00"), good...),
		} {
			if got := exif.Orientation(data); got != exif.Upright {
				t.Errorf("%v, %s: %d", order, name, got)
			}
		}
		for n := range 8 + 2 + 12 {
			if got := exif.Orientation(good[:n]); got != exif.Upright {
				t.Errorf("%v, cut to %d bytes: %d", order, n, got)
			}
		}
	}
}

func FuzzOrientation(f *testing.F) {
	for _, order := range orders {
		f.Add(tiff(order, orientation(order, typeShort, 6)))
		f.Add(tiff(order, entry{0x010e, 0, 9, nil}, orientation(order, typeLong, 3)))
	}
	f.Add([]byte("MM\x00*\x00\x00\x00\x08\xff\xff" + strings.Repeat("\x01\x00\x00\x03\x00\x00\x00\x01\x00\x01\x00\x00", 50)))
	f.Fuzz(func(t *testing.T, data []byte) {
		if o := exif.Orientation(data); o < 1 || o > 8 {
			t.Errorf("%d", o)
		}
	})
}
