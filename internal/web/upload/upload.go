// Package upload reads the form in which a browser or a program sends a picture.
package upload

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/user"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

// The form's fields: the file with the picture, and the square that the crops show.
const (
	pictureField = "profile_pic"
	cropField    = "crop"
)

// Bounds of what a form may have besides the file.
const (
	maxFormOverhead = 64 << 10 // bytes of other fields and headers
	maxFormParts    = 32
	maxCropBytes    = 64 // more than any crop needs
)

// MaxFileName is how much of a file's name is read, in bytes.
const MaxFileName = 1 << 10

var errNoFile = &guard.Error{Kind: guard.KindInvalid, Code: "no_file_uploaded", Message: "No file uploaded"}

// SetPicture makes the file in a request's form the picture of the signed-in user. The file
// may have at most maxBytes. Errors: those of the form, and of [media.Pictures.Set].
func SetPicture(r *wire.Request, pictures *media.Pictures, maxBytes int64) (user.Picture, error) {
	body := r.MeteredBody()
	defer body.Release()
	form, err := read(r.HTTP, body, maxBytes)
	if err != nil {
		return user.Picture{}, err
	}
	return pictures.Set(r.Context(), r.Session.User.ID, form, r.Client())
}

// read reads a request's form from body to its end. It returns the one file
// in the field profile_pic, of at most maxBytes, and the crop; it skips other
// fields. Nothing is written to temporary files.
func read(r *http.Request, body io.Reader, maxBytes int64) (up media.Upload, err error) {
	form, err := multipartReader(r, body, maxBytes)
	if err != nil {
		return up, err
	}
	seen := map[string]bool{}
	for range maxFormParts {
		part, err := form.NextRawPart()
		if err == io.EOF { //nolint:errorlint // the form's proper end; a wrapped one is a form cut short
			if up.Filename == "" {
				return up, errNoFile
			}
			return up, nil
		}
		if err != nil {
			return up, formError(err, maxBytes)
		}
		field := part.FormName()
		if seen[field] && (field == pictureField || field == cropField) {
			return up, wire.Malformed("The form has more than one "+field+"; send one.", nil)
		}
		seen[field] = true
		switch field {
		case pictureField:
			up.Filename = fileName(part)
			up.Data, err = readPart(part, maxBytes)
		case cropField:
			up.Crop, err = readCrop(part)
		}
		if err != nil {
			return up, formError(err, maxBytes)
		}
	}
	return up, wire.Malformed("The form has too many parts.", nil)
}

func multipartReader(r *http.Request, body io.Reader, maxBytes int64) (*multipart.Reader, error) {
	if r.Header.Get("Content-Type") == "" && r.ContentLength == 0 {
		return nil, errNoFile
	}
	kind, params, err := wire.MediaType(r)
	if err != nil || kind != "multipart/form-data" || wire.IsEncoded(r) {
		return nil, wire.ErrNotMultipart
	}
	if params["boundary"] == "" {
		return nil, wire.Malformed("The form's Content-Type names no boundary.", nil)
	}
	limit := maxBytes + maxFormOverhead
	if r.ContentLength > limit {
		return nil, fileTooLarge(maxBytes)
	}
	return multipart.NewReader(&cappedReader{body, limit}, params["boundary"]), nil
}

func readPart(part *multipart.Part, maxBytes int64) ([]byte, error) {
	return io.ReadAll(&cappedReader{part, maxBytes})
}

func readCrop(part *multipart.Part) (string, error) {
	data, err := io.ReadAll(io.LimitReader(part, maxCropBytes+1))
	if len(data) > maxCropBytes {
		err = media.ErrInvalidCrop
	}
	return string(data), err
}

// fileName is the part's file name as it was sent; Part.FileName cuts folders off.
func fileName(part *multipart.Part) string {
	_, params, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	if err != nil {
		return ""
	}
	name := params["filename"]
	return name[max(0, len(name)-MaxFileName):] // its end says the type
}

// formError is the public form of an error in reading a form.
func formError(err error, maxBytes int64) error {
	if e, ok := errors.AsType[*guard.Error](err); ok {
		return e
	}
	if errors.Is(err, errOverCap) {
		return fileTooLarge(maxBytes)
	}
	if errors.Is(err, multipart.ErrMessageTooLarge) {
		return wire.Malformed("The form's headers are too large.", err)
	}
	return wire.ReadError(err)
}

func fileTooLarge(maxBytes int64) error {
	return &guard.Error{Kind: guard.KindTooLarge, Code: "file_too_large",
		Message: "The file is too large: " + Size(maxBytes) + " at most."}
}

// Size writes a number of bytes.
func Size(bytes int64) string {
	if bytes >= 1<<20 && bytes%(1<<20) == 0 {
		return fmt.Sprintf("%d MiB", bytes>>20)
	}
	return fmt.Sprintf("%d bytes", bytes)
}

var errOverCap = errors.New("more bytes than allowed")

// cappedReader reads up to a number of bytes and fails with errOverCap on the next.
type cappedReader struct {
	r    io.Reader
	left int64
}

func (c *cappedReader) Read(p []byte) (int, error) {
	if int64(len(p)) > c.left+1 {
		p = p[:c.left+1]
	}
	n, err := c.r.Read(p)
	if int64(n) > c.left {
		n, err = int(c.left), errOverCap
	}
	c.left -= int64(n)
	return n, err
}
