package main

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// The pictures that the users of TestCrash upload, and how they are recognised.

type picture struct {
	name   string
	number uint64 // of the drawing, see draw
}

func uploadRequest(token string, p picture) (request, error) {
	var file, form bytes.Buffer
	if err := png.Encode(&file, draw(p.number)); err != nil {
		return request{}, err
	}
	w := multipart.NewWriter(&form)
	part, err := w.CreateFormFile("profile_pic", p.name)
	if err != nil {
		return request{}, err
	}
	_, _ = part.Write(file.Bytes()) // a buffer takes everything
	if err := w.Close(); err != nil {
		return request{}, err
	}
	return request{"POST", "/api/upload-picture", token, w.FormDataContentType(), form.Bytes()}, nil
}

func (u *crashUser) comparePictures(c caller, has testkit.User, want *picture, oldNames []string) error {
	address := has.Picture
	switch {
	case want == nil && address != nil:
		return fmt.Errorf("has the picture %s, want none", *address)
	case want != nil && (address == nil || !strings.HasSuffix(*address, u.addressOf(want.name))):
		return fmt.Errorf("has no picture %s", u.addressOf(want.name))
	}
	for _, name := range u.pictures {
		if err := u.compareOldName(c, name, want, oldNames); err != nil {
			return err
		}
	}
	if want == nil {
		return nil
	}
	drawing := draw(want.number)
	return errors.Join(c.wantDrawing(*address, want.number, drawing), c.wantDrawing(has.Crops["512"], want.number, drawing.SubImage(middle)),
		c.wantSide(has.Crops["64"], 64))
}

// compareOldName looks for a picture that was replaced or removed.
func (u *crashUser) compareOldName(c caller, name string, want *picture, oldNames []string) error {
	status := http.StatusNotFound
	switch {
	case want != nil && name == want.name:
		return nil
	case want != nil && slices.Contains(oldNames, name):
		status = http.StatusFound
	}
	if _, err := c.get("", u.addressOf(name), status); err != nil {
		return fmt.Errorf("a picture that was removed or replaced: %w", err)
	}
	return nil
}

func (u *crashUser) addressOf(picture string) string { return "/uploads/" + u.id + "_" + picture }

// The drawings are not square, and larger than the smallest crop. Three files are kept of
// each: the picture, the crop of 64, and the middle for all larger crops.
var (
	whole  = image.Rect(0, 0, 90, 80)
	middle = image.Rect(5, 0, 85, 80)
)

// draw draws a picture that depends on the number in every pixel, so half of another one
// would be noticed. One pixel is transparent: such crops stay PNG, which changes no pixels.
func draw(number uint64) *image.NRGBA {
	random := rand.New(rand.NewPCG(number, number))
	m := image.NewNRGBA(whole)
	for y := range whole.Dy() {
		for x := range whole.Dx() {
			c := random.Uint32()
			m.SetNRGBA(x, y, color.NRGBA{uint8(c), uint8(c >> 8), uint8(c >> 16), 255})
		}
	}
	m.SetNRGBA(whole.Dx()/2, whole.Dy()/2, color.NRGBA{})
	return m
}

// wantDrawing compares the picture at an address with a drawing, or a part of it.
func (c caller) wantDrawing(address string, number uint64, want image.Image) error {
	got, err := c.see(address)
	if err != nil {
		return fmt.Errorf("picture %d: %w", number, err)
	}
	if got.Bounds().Size() != want.Bounds().Size() {
		return fmt.Errorf("picture %d is %v, want %v", number, got.Bounds(), want.Bounds())
	}
	origin := want.Bounds().Min
	for y := range want.Bounds().Dy() {
		for x := range want.Bounds().Dx() {
			if color.NRGBAModel.Convert(got.At(x, y)) != want.At(origin.X+x, origin.Y+y) {
				return fmt.Errorf("picture %d differs at %d,%d: it is another picture, or broken", number, x, y)
			}
		}
	}
	return nil
}

func (c caller) wantSide(address string, side int) error {
	got, err := c.see(address)
	if err == nil && got.Bounds().Size() != image.Pt(side, side) {
		err = fmt.Errorf("the crop %d is %v", side, got.Bounds())
	}
	return err
}

// see returns the picture at an address.
func (c caller) see(address string) (image.Image, error) {
	served, err := c.get("", strings.TrimPrefix(address, c.url), http.StatusOK)
	if err != nil {
		return nil, err
	}
	return png.Decode(bytes.NewReader(served.body))
}
