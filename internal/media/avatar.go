package media

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/cardea-accounts/cardea/internal/cache"

	"github.com/cardea-accounts/cardea/internal/avatar"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/secret"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/token"
	"github.com/cardea-accounts/cardea/internal/user"
	"github.com/cardea-accounts/cardea/internal/workers"
)

// Avatars draws default avatars on request, for users without a picture. The key in an
// avatar's address says what it shows, with a MAC. So a key cannot be forged, and it
// reveals no more than the avatar does. Its methods may be called from any goroutine.
type Avatars struct {
	db      *store.DB
	keys    secret.Sub
	drawing *workers.Pool
	drawn   cache.Cache[drawnKey, Avatar]
}

// Avatar is a default avatar that was drawn.
type Avatar struct {
	PNG     []byte
	Version string // of the content, for the ETag
}

const (
	avatarsWaiting = 128 // for the one worker
	avatarWait     = 5 * time.Second
	// avatarMAC is how many bytes of the MAC are in a key: 128 bits cannot be guessed.
	avatarMAC = 16
	// avatarsKept bounds the memory of drawn avatars, in bytes: about a thousand of the usual size.
	avatarsKept = 4 << 20
)

// keyText is the text form of a key: characters that an address can have, in one case.
var keyText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// drawnKey names a drawn avatar.
type drawnKey struct {
	key  string // empty: the neutral figure
	side int
}

// NewAvatars returns the avatars of a database's users. Their addresses are signed with
// keys. Drawing has a worker of its own, so it does not wait for uploads. [Avatars.Close]
// stops it.
func NewAvatars(db *store.DB, keys secret.Sub) *Avatars {
	return &Avatars{
		db:      db,
		keys:    keys,
		drawing: workers.NewPool(workers.Limits{Workers: 1, Waiting: avatarsWaiting, Wait: avatarWait}),
		drawn: cache.NewWeighed(avatarsKept, func(k drawnKey, a Avatar) uint32 {
			return uint32(len(k.key) + len(a.PNG)) //nolint:gosec // kilobytes
		}),
	}
}

// Close stops the worker. Drawing fails from then on.
func (a *Avatars) Close() { a.drawing.Close() }

// Load returns figures of the drawing worker.
func (a *Avatars) Load() workers.Load { return a.drawing.Load() }

// Key returns the key of a user's default avatar. The colour stays with the user, the
// rest follows the name.
func (a *Avatars) Key(u user.User) string {
	sum := sha256.Sum256([]byte(u.ID))
	text := avatar.Of(u.Name, binary.BigEndian.Uint32(sum[:])).Text()
	return keyText.EncodeToString(append(a.keys.MAC(covered(text))[:avatarMAC], text...))
}

// covered is what the MAC of a key covers.
func covered(text string) []byte { return []byte("avatar\x00" + text) }

// parse returns what the avatar of one of our keys shows. Error: picture_not_found.
func (a *Avatars) parse(key string) (avatar.Avatar, error) {
	data, err := keyText.DecodeString(key)
	if err != nil || len(data) < avatarMAC || keyText.EncodeToString(data) != key { // each key has one spelling
		return avatar.Avatar{}, ErrPictureNotFound
	}
	text := string(data[avatarMAC:])
	if !a.keys.Verify(covered(text), data[:avatarMAC]) {
		return avatar.Avatar{}, ErrPictureNotFound
	}
	shown, err := avatar.Parse(text)
	if err != nil { // it was made with another font
		return avatar.Avatar{}, ErrPictureNotFound
	}
	return shown, nil
}

// Draw draws the default avatar of a key as a square of one of [Sides]. Error:
// picture_not_found.
func (a *Avatars) Draw(ctx context.Context, key string, side int, client guard.Client) (Avatar, error) {
	if known, ok := a.drawn.GetIfPresent(drawnKey{key, side}); ok && key != "" { // its MAC was verified before it was drawn
		return known, nil
	}
	shown, err := a.parse(key)
	if err != nil {
		return Avatar{}, err
	}
	return a.draw(ctx, drawnKey{key, side}, shown, client)
}

// DrawForID draws the default avatar of the user with an id. An unknown id gets a neutral
// figure. So does an imported id, because those can be guessed one after another, and
// initials would tell who has an account.
func (a *Avatars) DrawForID(ctx context.Context, userID string, side int, client guard.Client) (Avatar, error) {
	if token.IsID(userID) {
		row, err := a.db.UserByID(ctx, userID)
		if err == nil {
			return a.Draw(ctx, a.Key(user.From(row, nil)), side, client)
		}
		if !errors.Is(err, store.ErrNotFound) {
			return Avatar{}, guard.PublicError(err)
		}
	}
	return a.draw(ctx, drawnKey{"", side}, avatar.Of("", 0), client)
}

func (a *Avatars) draw(ctx context.Context, key drawnKey, shown avatar.Avatar, client guard.Client) (Avatar, error) {
	drawn, ok := a.drawn.GetIfPresent(key)
	if ok {
		return drawn, nil
	}
	var err error
	job := workers.Job{Flows: guard.Flows(client, "avatar", "")}
	if busy := a.drawing.Do(ctx, job, func() { drawn.PNG, err = shown.PNG(key.side) }); busy != nil || err != nil {
		return Avatar{}, guard.PublicError(fmt.Errorf("draw a default avatar: %w", errors.Join(busy, err)))
	}
	drawn.Version = Version(drawn.PNG)
	a.drawn.Set(key, drawn)
	return drawn, nil
}

// Path returns the path of a user's avatar_url, without a leading slash: that of the
// picture or, without one, of the default avatar.
func (a *Avatars) Path(u user.User) string {
	if u.Picture != nil {
		return u.Picture.Path()
	}
	return "avatars/" + a.Key(u) + ".png"
}
