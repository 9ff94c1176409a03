package operate

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/cardea-accounts/cardea/internal/durable"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/store/sqlite"
	"github.com/cardea-accounts/cardea/internal/transfer"
)

// Export writes all users, with hashes, sessions, events and pictures, to a file in the format
// of package transfer, while a server may serve them. It is of one moment. The file appears
// when it is complete. Only its owner can read it. Error: [ErrExists].
func (d *Data) Export(ctx context.Context, file string, opt BackupOptions) (Contents, error) {
	return d.toFile(file, func(f *durable.File, scratch string) (Contents, error) {
		c, err := d.export(ctx, f, scratch, opt)
		return c, inWords(tryLater(err))
	})
}

// export writes from a copy of the database, which is that of one moment.
func (d *Data) export(ctx context.Context, w io.Writer, scratch string, opt BackupOptions) (c Contents, err error) {
	b := &backup{Data: d, opt: opt, copy: filepath.Join(scratch, "cardea.db")}
	opt.Progress.report("copying the database", 0, 0)
	if err := b.snapshot(ctx); err != nil {
		return Contents{}, err
	}
	copied, err := sqlite.OpenExisting(ctx, b.copy)
	if err != nil {
		return Contents{}, err
	}
	defer func() { err = errors.Join(err, copied.Close()) }()
	users, err := os.Create(filepath.Join(scratch, "users.jsonl"))
	if err != nil {
		return Contents{}, err
	}
	defer users.Close() //nolint:errcheck // it goes with the folder
	out, err := transfer.NewWriter(w, users)
	if err != nil {
		return Contents{}, err
	}
	if err := out.Server(func(add func(transfer.Fact) error) error { return exportServer(ctx, copied, add) }); err != nil {
		return Contents{}, err
	}
	if err := b.exportAll(ctx, copied, out); err != nil {
		return Contents{}, err
	}
	counts, err := copied.Counts(ctx)
	b.Contents.set(counts)
	return b.Contents, errors.Join(err, out.Close())
}

// exportAll writes the pictures first: meanwhile the copy is corrected where a picture was
// replaced.
func (b *backup) exportAll(ctx context.Context, copied *store.DB, out *transfer.Writer) error {
	counts, err := copied.Counts(ctx)
	if err != nil {
		return err
	}
	var done int64
	err = b.eachStored(ctx, copied, func(stored storedPicture) error {
		files, err := b.pictureForCopy(ctx, copied, stored)
		for _, f := range files {
			if err == nil {
				err = out.File(transfer.FileName(stored.row.UserID, f.Version, f.ContentType), f.Data)
			}
		}
		done++
		b.opt.Progress.report("pictures", done, counts.Pictures)
		return err
	})
	if err != nil {
		return err
	}
	done = 0
	for last := ""; ; {
		page, err := copied.UsersAfter(ctx, last, pageSize)
		if err != nil || len(page) == 0 {
			return err
		}
		last = page[len(page)-1].ID
		if err := exportPage(ctx, copied, page, out); err != nil {
			return err
		}
		done += int64(len(page))
		b.opt.Progress.report("users", done, counts.Users)
	}
}

// exportPage writes users who follow each other.
func exportPage(ctx context.Context, db *store.DB, page []store.User, out *transfer.Writer) error {
	from, to := page[0].ID, page[len(page)-1].ID
	sessions, err := db.SessionsOfUsers(ctx, from, to)
	if err != nil {
		return err
	}
	events, err := db.AuditOfUsers(ctx, from, to)
	if err != nil {
		return err
	}
	pictures, err := db.PicturesOfUsers(ctx, from, to)
	if err != nil {
		return err
	}
	names, err := db.OldPictureNamesOfUsers(ctx, from, to)
	if err != nil {
		return err
	}
	imports, err := db.ImportsOfUsers(ctx, from, to)
	if err != nil {
		return err
	}
	for _, row := range page {
		u := exportedUser(row)
		for ; len(imports) > 0 && imports[0].UserID <= row.ID; imports = imports[1:] { // a deleted user has them, too
			if imports[0].UserID == row.ID {
				u.Imports = append(u.Imports, exportedImport(imports[0]))
			}
		}
		for ; len(names) > 0 && names[0].UserID == row.ID; names = names[1:] {
			u.OldPictureNames = append(u.OldPictureNames, transfer.OldName{Name: names[0].Name, UsedAt: names[0].UsedAt})
		}
		for ; len(sessions) > 0 && sessions[0].UserID == row.ID; sessions = sessions[1:] {
			u.Sessions = append(u.Sessions, exportedSession(sessions[0]))
		}
		for ; len(events) > 0 && events[0].UserID <= row.ID; events = events[1:] { // a deleted user has events, too
			if e := events[0]; e.UserID == row.ID {
				u.Events = append(u.Events, transfer.Event{ID: e.ID, At: e.At, Event: e.Event, IP: e.IP, RequestID: e.RequestID, Count: e.Count})
			}
		}
		if len(pictures) > 0 && pictures[0].UserID == row.ID {
			u.Picture, pictures = exportedPicture(pictures[0]), pictures[1:]
		}
		if err := errors.Join(ctx.Err(), out.User(u)); err != nil {
			return err
		}
	}
	return nil
}

func exportedUser(row store.User) transfer.User {
	u := transfer.User{
		ID: row.ID, Name: row.Name, Email: row.Email, EmailVerified: row.EmailVerified, Language: row.Language,
		PasswordHash: row.PasswordHash, CreatedAt: row.CreatedAt, Imports: []transfer.Import{},
		OldPictureNames: []transfer.OldName{}, Sessions: []transfer.Session{}, Events: []transfer.Event{},
	}
	if !row.SuspendedAt.IsZero() {
		u.SuspendedAt = &row.SuspendedAt
	}
	if !row.FlaskFrom.IsZero() {
		u.FlaskFrom = &row.FlaskFrom
	}
	return u
}

func exportedSession(s store.Session) transfer.Session {
	return transfer.Session{
		ID: s.ID, TokenHash: hex.EncodeToString(s.TokenHash), CreatedAt: s.CreatedAt, LastSeenAt: s.LastSeenAt, ConfirmedAt: s.ConfirmedAt,
		IP: s.IP, UserAgent: s.UserAgent,
	}
}

func exportedPicture(p store.Picture) *transfer.Picture {
	name := func(f store.File) string { return transfer.FileName(p.UserID, f.Version, f.ContentType) }
	picture := &transfer.Picture{Name: p.Name, File: name(p.File), UpdatedAt: p.UpdatedAt, Crops: []transfer.Crop{}}
	for _, crop := range p.Crops {
		picture.Crops = append(picture.Crops, transfer.Crop{Side: crop.Side, File: name(crop.File)})
	}
	return picture
}
