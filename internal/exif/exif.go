// Package exif reads the one EXIF tag that changes how a picture is shown: its
// orientation. Everything else in EXIF is skipped, whatever its type.
package exif

import (
	"bytes"
	"encoding/binary"
)

// Upright is the orientation of a picture that needs no turning.
const Upright = 1

// orientationTag is the tag's number (Exif 3.0, 4.6.5.1.6).
const orientationTag = 0x0112

// mark begins EXIF in a segment of a JPEG (Exif 3.0, 4.7.2). Some encoders write it into
// chunks of PNG and WebP, too.
var mark = []byte("Exif\x00\x00")

// Orientation returns the orientation of the main picture, 1 to 8, from a TIFF structure,
// with or without the mark before it. It returns Upright if the structure is missing or
// broken.
//
// It looks at the first directory only: the second describes the thumbnail. The work is
// bounded by the number of entries, at most 65,535.
func Orientation(tiff []byte) int {
	tiff = bytes.TrimPrefix(tiff, mark)
	order, ok := byteOrder(tiff)
	if !ok {
		return Upright
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return Upright
	}
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < 12 {
			break
		}
		if order.Uint16(entries) == orientationTag {
			return orientation(order, entries[:12])
		}
		entries = entries[12:]
	}
	return Upright
}

// byteOrder returns the byte order that a TIFF header states (TIFF 6.0, section 2).
func byteOrder(tiff []byte) (binary.ByteOrder, bool) {
	switch {
	case len(tiff) < 8:
	case string(tiff[:4]) == "II*\x00":
		return binary.LittleEndian, true
	case string(tiff[:4]) == "MM\x00*":
		return binary.BigEndian, true
	}
	return nil, false
}

// orientation returns the value of an entry: its type, how many values there are, and
// the value itself, left-justified in four bytes. The type should be SHORT. Some writers
// use BYTE or LONG.
func orientation(order binary.ByteOrder, entry []byte) int {
	const typeByte, typeShort, typeLong = 1, 3, 4
	var v uint32
	switch order.Uint16(entry[2:]) {
	case typeByte:
		v = uint32(entry[8])
	case typeShort:
		v = uint32(order.Uint16(entry[8:]))
	case typeLong:
		v = order.Uint32(entry[8:])
	}
	if order.Uint32(entry[4:]) != 1 || v < 1 || v > 8 {
		return Upright
	}
	return int(v)
}
