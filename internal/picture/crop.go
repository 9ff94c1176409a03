package picture

import (
	"fmt"
	"image"
	"strconv"
	"strings"
)

// Sides are the sizes of the square crops, in pixels.
var Sides = [...]int{64, 128, 256, 512}

// largestSide is the last of Sides.
const largestSide = 512

// Crop is a square of a picture, in pixels from the top left corner of the picture as
// displayed. The zero value stands for the largest square in the middle.
type Crop struct{ X, Y, Side int }

// ParseCrop reads a crop written as "x,y,side". The empty string stands for the square in
// the middle. Error: ErrCrop.
func ParseCrop(s string) (Crop, error) {
	if s == "" {
		return Crop{}, nil
	}
	var n [3]int
	fields := strings.Split(s, ",")
	if len(fields) != len(n) {
		return Crop{}, fmt.Errorf("%w: not of the form x,y,side", ErrCrop)
	}
	for i, field := range fields {
		v, err := strconv.ParseUint(field, 10, 31)
		if err != nil {
			return Crop{}, fmt.Errorf("%w: not of the form x,y,side", ErrCrop)
		}
		n[i] = int(v)
	}
	if n[2] == 0 {
		return Crop{}, fmt.Errorf("%w: it has no pixels", ErrCrop)
	}
	return Crop{n[0], n[1], n[2]}, nil
}

// in returns the crop in a picture that has the given size as displayed.
func (c Crop) in(size image.Point) (image.Rectangle, error) {
	if c == (Crop{}) {
		side := min(size.X, size.Y)
		c = Crop{(size.X - side) / 2, (size.Y - side) / 2, side}
	}
	if c.Side < 1 || c.X < 0 || c.Y < 0 || c.Side > size.X || c.Side > size.Y ||
		c.X > size.X-c.Side || c.Y > size.Y-c.Side {
		return image.Rectangle{}, fmt.Errorf("%w: it exceeds %d×%d", ErrCrop, size.X, size.Y)
	}
	return image.Rect(c.X, c.Y, c.X+c.Side, c.Y+c.Side), nil
}
