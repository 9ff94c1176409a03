package importer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/text"
	"github.com/cardea-accounts/cardea/internal/transfer"
)

// exported is a user of an export.
type exported struct {
	number int64
	user   transfer.User
	files  map[string][]byte
}

// takeIn is an import of an export in progress.
type takeIn struct {
	*Importer
	opt     Options
	batch   []exported
	bytes   int // of the files of the batch
	summary Summary
}

// maxBatchBytes bounds the files that are held before they are stored.
const maxBatchBytes = 16 << 20

// TakeIn brings back what Cardea has exported: users, sessions, events and pictures, as they
// were. Users whose id is there already stay as they are, pictures included.
func (im *Importer) TakeIn(ctx context.Context, export io.ReaderAt, size int64, opt Options) (Summary, error) {
	t := &takeIn{Importer: im, opt: opt, summary: newSummary()}
	var number int64
	err := transfer.Verify(export, size)
	if err == nil {
		err = t.takeServer(ctx, export, size)
	}
	if err == nil {
		err = transfer.Each(export, size, func(u transfer.User, files map[string][]byte) error {
			number++
			t.batch = append(t.batch, exported{number, u, files})
			for _, data := range files {
				t.bytes += len(data)
			}
			if len(t.batch) < batchSize && t.bytes < maxBatchBytes {
				return nil
			}
			return t.flush(ctx)
		})
	}
	if err == nil {
		err = t.flush(ctx)
	}
	return t.summary, interrupted(ctx, err)
}

// flush stores the users of the batch in one transaction, then their pictures.
func (t *takeIn) flush(ctx context.Context) error {
	if err := ctx.Err(); err != nil || len(t.batch) == 0 {
		return err
	}
	verdicts := make([]Verdict, len(t.batch))
	err := t.db.Tx(ctx, func(tx *store.Tx) error {
		for i, e := range t.batch {
			var err error
			if verdicts[i], err = t.takeUser(ctx, tx, e); err != nil {
				return fmt.Errorf("user %s: %w", e.user.ID, err)
			}
		}
		return nil
	})
	for i, e := range t.batch {
		if err == nil && e.user.Picture != nil && verdicts[i].Outcome != Rejected {
			verdicts[i].Picture, err = t.takePicture(ctx, e)
		}
	}
	if err != nil {
		return err
	}
	for _, v := range verdicts {
		t.summary.count(v)
		if t.opt.Judged != nil {
			if err := t.opt.Judged(v); err != nil {
				return err
			}
		}
	}
	t.batch, t.bytes = t.batch[:0], 0
	if t.opt.Progress != nil {
		t.opt.Progress("users", t.summary.Rows, 0)
	}
	return nil
}

// takeUser stores a user with sessions and events.
func (t *takeIn) takeUser(ctx context.Context, tx *store.Tx, e exported) (Verdict, error) {
	v := Verdict{Row: e.number, ID: e.user.ID, Email: e.user.Email, Outcome: Imported}
	row, err := userOf(e.user)
	if err == nil {
		var isThere bool
		if isThere, err = wantNew(ctx, tx, row); isThere {
			v.Outcome = Unchanged
			return v, restoreImports(ctx, tx, e.user)
		}
	}
	if why, ok := errors.AsType[reject](err); ok {
		v.Outcome, v.Reason, v.Message = Rejected, why.reason, why.message
		return v, nil
	}
	if err != nil {
		return v, err
	}
	if err := create(ctx, tx, row, e.user); err != nil || e.user.Picture == nil {
		return v, err
	}
	return v, tx.SetImport(ctx, store.Import{Key: pictureKey(row.ID), Source: exportSource, UserID: row.ID})
}

// exportSource is that of users whose picture is still to come. The picture comes after the
// user, and an import may stop between the two.
var exportSource = store.Sum("\x00export")

func pictureKey(userID string) []byte { return store.Sum("\x00export\x00" + userID) }

// wantNew rejects a user whose id or address somebody else has. The same user may be there
// already, because an import was interrupted.
func wantNew(ctx context.Context, tx *store.Tx, row store.User) (isThere bool, err error) {
	now, err := tx.UserByID(ctx, row.ID)
	switch {
	case err == nil && now.EmailKey == row.EmailKey:
		return true, nil
	case err == nil:
		return false, reject{"duplicate_id", "another user has this id already"}
	case !errors.Is(err, store.ErrNotFound):
		return false, err
	}
	other, err := tx.UserByEmailKey(ctx, row.EmailKey)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err == nil {
		err = reject{"duplicate_email", fmt.Sprintf("the user %s has this e-mail address already", other.ID)}
	}
	return false, err
}

func create(ctx context.Context, tx *store.Tx, row store.User, u transfer.User) error {
	if err := tx.CreateUser(ctx, row); err != nil {
		return err
	}
	if err := restoreImports(ctx, tx, u); err != nil {
		return err
	}
	for _, s := range u.Sessions {
		hash, err := hex.DecodeString(s.TokenHash)
		if err != nil || len(hash) != sha256.Size {
			return fmt.Errorf("%w: session %s has no SHA-256", transfer.ErrInvalid, s.ID)
		}
		if err := tx.CreateSession(ctx, store.Session{
			ID: s.ID, TokenHash: hash, UserID: row.ID, CreatedAt: s.CreatedAt, LastSeenAt: s.LastSeenAt, ConfirmedAt: s.ConfirmedAt,
			IP: s.IP, UserAgent: s.UserAgent,
		}); errors.Is(err, store.ErrDuplicate) {
			return fmt.Errorf("%w: another session has the id or the token_hash of session %.70q", transfer.ErrInvalid, s.ID)
		} else if err != nil {
			return err
		}
	}
	for _, e := range u.Events {
		if err := tx.RestoreAudit(ctx, store.Audit{
			ID: e.ID, At: e.At, Event: e.Event, UserID: row.ID, IP: e.IP, RequestID: e.RequestID, Count: e.Count,
		}); err != nil {
			return err
		}
	}
	for _, n := range u.OldPictureNames {
		if err := tx.KeepOldPictureName(ctx, store.OldPictureName{UserID: row.ID, Name: n.Name, UsedAt: n.UsedAt}); err != nil {
			return err
		}
	}
	return nil
}

// maxLanguage is the length of the longest tag of a language (RFC 5646, section 4.4.1).
const maxLanguage = 35

// maxFileName is the longest name of a file, in bytes, that usual file systems take.
const maxFileName = 255

// haveFileNames reports whether the pictures of a user have plain file names, which cannot lead to
// another folder.
func haveFileNames(u transfer.User) bool {
	is := func(name string) bool {
		return name == path.Base(name) && name != ".." && len(name) <= maxFileName && !strings.ContainsFunc(name, text.IsControl) &&
			!strings.Contains(name, `\`)
	}
	for _, old := range u.OldPictureNames {
		if !is(old.Name) {
			return false
		}
	}
	return u.Picture == nil || is(u.Picture.Name)
}

// userOf checks what Cardea relies on.
func userOf(u transfer.User) (store.User, error) {
	switch {
	case !isID(u.ID):
		return store.User{}, reject{"bad_id", "the id cannot stay: ids have letters, digits and hyphens, at most 64"}
	case account.EmailProblem(u.Email) != "":
		return store.User{}, reject{"bad_email", account.EmailProblem(u.Email)}
	case nameOf(u.Name, u.Email) != u.Name:
		return store.User{}, reject{"bad_name", "the name is empty, too long, or has control characters"}
	case len(u.Language) > maxLanguage || strings.ContainsFunc(u.Language, func(c rune) bool { return c != '-' && !isAlphanumeric(c) }):
		return store.User{}, reject{"bad_language", "the language is not a tag such as de"}
	case !haveFileNames(u):
		return store.User{}, reject{"bad_picture_name", "the name of a picture is not a plain file name"}
	}
	if _, _, err := acceptedHash(u.PasswordHash, false); err != nil && u.PasswordHash != "" {
		return store.User{}, reject{"unknown_hash", "the password hash is not one that Cardea knows, or costs too much to verify"}
	}
	row := store.User{
		ID: u.ID, Name: u.Name, Email: u.Email, EmailKey: account.EmailKey(u.Email), EmailVerified: u.EmailVerified, Language: u.Language,
		PasswordHash: u.PasswordHash, CreatedAt: u.CreatedAt,
	}
	if u.SuspendedAt != nil {
		row.SuspendedAt = *u.SuspendedAt
	}
	return row, nil
}

// takePicture stores the picture of a user who came by this import, and says what became of
// it.
func (t *takeIn) takePicture(ctx context.Context, e exported) (string, error) {
	switch _, err := t.db.ImportByKey(ctx, pictureKey(e.user.ID)); {
	case errors.Is(err, store.ErrNotFound):
		return pictureUnchanged, nil
	case err != nil:
		return "", err
	}
	became, err := t.bringPicture(ctx, e)
	if err != nil || t.opt.CheckPictures {
		return became, err
	}
	return became, t.db.Tx(ctx, func(tx *store.Tx) error { return tx.DeleteImport(ctx, pictureKey(e.user.ID)) })
}

func (t *takeIn) bringPicture(ctx context.Context, e exported) (string, error) {
	if _, err := t.db.PictureOfUser(ctx, e.user.ID); err == nil {
		return pictureKept, nil
	}
	p := e.user.Picture
	brought := media.Exported{
		Picture: store.Picture{UserID: e.user.ID, Name: p.Name, UpdatedAt: p.UpdatedAt}, Data: e.files[p.File],
	}
	for _, crop := range p.Crops {
		brought.Crops = append(brought.Crops, store.Crop{Side: crop.Side})
		brought.CropData = append(brought.CropData, e.files[crop.File])
	}
	became, err := pictureFound, media.ErrNotExported
	switch {
	case !areAsNamed(e.files):
	case t.opt.CheckPictures:
		err = brought.Check()
	default:
		became, err = pictureImported, t.pictures.Bring(ctx, brought)
	}
	if errors.Is(err, media.ErrNotExported) {
		return pictureUnreadable, nil
	}
	return became, err
}

// areAsNamed reports whether all files have the content that their names say.
func areAsNamed(files map[string][]byte) bool {
	for name, data := range files {
		if version, _, _ := strings.Cut(path.Base(name), "."); version != media.Version(data) {
			return false
		}
	}
	return true
}
