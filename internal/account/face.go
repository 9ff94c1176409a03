package account

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/maypok86/otter/v2"

	"github.com/cardea-accounts/cardea/internal/avatar"
	"github.com/cardea-accounts/cardea/internal/workers"
)

// Who has no picture has a face, which is drawn when it is asked for. Its key is what
// it shows and a MAC of that: nobody can make one up, and it tells no more than the face
// does. People who look the same share it.

// Face is a face that was drawn.
type Face struct {
	PNG     []byte
	Version string // of the content
}

const (
	// faceMAC is how many bytes of the MAC are in a key: 128 bits cannot be guessed.
	faceMAC = 16
	// facesKept bounds what is kept of drawn faces, in bytes: a thousand of the usual
	// size, which take 1 to 2 ms each to draw.
	facesKept = 4 << 20
)

// faceText is how a key is written: in what an address can have, and in one case only.
var faceText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// FaceKey is the key of a person's face. The colour stays with the person, the rest
// follows the name.
func (s *Service) FaceKey(u User) string {
	seed := binary.BigEndian.Uint32(s.faceSum("face colour", u.ID))
	return s.faceKey(avatar.Of(u.Name, seed).Text())
}

func (s *Service) faceKey(text string) string {
	return faceText.EncodeToString(append(s.faceSum("face", text)[:faceMAC], text...))
}

func (s *Service) faceSum(purpose, text string) []byte {
	h := hmac.New(sha256.New, s.opt.Secret)
	h.Write([]byte(purpose + "\x00" + text))
	return h.Sum(nil)
}

// face is the one that a key of ours is for.
func (s *Service) face(key string) (avatar.Avatar, error) {
	data, err := faceText.DecodeString(key)
	if err != nil || len(data) < faceMAC {
		return avatar.Avatar{}, ErrPictureNotFound
	}
	text := string(data[faceMAC:])
	if !hmac.Equal([]byte(key), []byte(s.faceKey(text))) { // one spelling only
		return avatar.Avatar{}, ErrPictureNotFound
	}
	face, err := avatar.Parse(text)
	if err != nil { // the font was another once
		return avatar.Avatar{}, ErrPictureNotFound
	}
	return face, nil
}

// faceKey names a drawn face.
type faceKey struct {
	key  string
	side int
}

func newFaceCache() *otter.Cache[faceKey, Face] {
	return otter.Must(&otter.Options[faceKey, Face]{
		MaximumWeight: facesKept,
		Weigher:       func(k faceKey, f Face) uint32 { return uint32(len(k.key) + len(f.PNG)) }, //nolint:gosec // kilobytes
	})
}

// DrawFace draws the face of a key as a square of one of [Sides]. Error: picture_not_found.
func (s *Service) DrawFace(ctx context.Context, key string, side int, from Client) (Face, error) {
	if f, ok := s.faces.GetIfPresent(faceKey{key, side}); ok {
		return f, nil
	}
	face, err := s.face(key)
	if err != nil {
		return Face{}, err
	}
	var f Face
	job := workers.Job{Flows: []workers.Flow{flow("address", from.network())}}
	if busy := s.drawing.Do(ctx, job, func() { f.PNG, err = face.PNG(side) }); busy != nil || err != nil {
		return Face{}, outage(fmt.Errorf("draw a face: %w", errors.Join(busy, err)))
	}
	f.Version = contentVersion(f.PNG)
	s.faces.Set(faceKey{key, side}, f)
	return f, nil
}
