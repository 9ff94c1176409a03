package store

import (
	"context"
	"database/sql"
	"time"
)

// File is a picture or a crop of it in the picture storage.
type File struct {
	Key         string
	ContentType string
	Version     string // names the content
}

// Picture is a user's picture: a row of pictures, and its rows of crops.
type Picture struct {
	UserID string
	Name   string // safe file name
	File          // of this picture alone
	// CropsVersion names the content of all crops together; empty: no crops.
	CropsVersion string
	Crops        []Crop // in the order of their sides
	UpdatedAt    time.Time
}

// Crop is a square crop of a picture. Crops may share a file with each other and with
// the picture.
type Crop struct {
	Side int // in pixels
	File
}

// Files lists the picture's file and those of its crops, each once.
func (p Picture) Files() []File {
	files := []File{p.File}
	seen := map[string]bool{p.Key: true}
	for _, c := range p.Crops {
		if !seen[c.Key] {
			seen[c.Key] = true
			files = append(files, c.File)
		}
	}
	return files
}

const pictureColumns = `p.name, p.blob_key, p.content_type, p.version, p.crops_version, p.updated_at`

func (p *Picture) fields() []any {
	return []any{&p.Name, &p.Key, &p.ContentType, &p.Version, &p.CropsVersion, instant{&p.UpdatedAt}}
}

// PictureOfUser finds a user's picture with its crops, or [ErrNotFound].
func (r reads) PictureOfUser(ctx context.Context, userID string) (Picture, error) {
	list, err := r.pictures(ctx, `WHERE p.user_id = $1 ORDER BY c.side`, userID)
	if err != nil {
		return Picture{}, err
	}
	if len(list) == 0 {
		return Picture{}, ErrNotFound
	}
	return list[0], nil
}

// PicturesAfter lists pictures with their crops in the order of their users' ids, those
// after an id, at most limit.
func (r reads) PicturesAfter(ctx context.Context, userID string, limit int) ([]Picture, error) {
	return r.pictures(ctx, `WHERE p.user_id IN (SELECT user_id FROM pictures WHERE user_id > $1 ORDER BY user_id LIMIT $2)
		ORDER BY p.user_id, c.side`, userID, limit)
}

// pictures reads pictures with their crops in one statement, so both are of one moment.
func (r reads) pictures(ctx context.Context, which string, args ...any) ([]Picture, error) {
	rows, err := r.q.QueryContext(ctx, `SELECT p.user_id, `+pictureColumns+`, c.side, c.blob_key, c.content_type, c.version
		FROM pictures p LEFT JOIN crops c ON c.user_id = p.user_id `+which, args...)
	if err != nil {
		return nil, r.classify(err)
	}
	defer rows.Close()
	var list []Picture
	for rows.Next() {
		var p Picture
		var side sql.NullInt64
		var key, contentType, version sql.NullString
		if err := rows.Scan(append(append([]any{&p.UserID}, p.fields()...), &side, &key, &contentType, &version)...); err != nil {
			return nil, r.classify(err)
		}
		if len(list) == 0 || list[len(list)-1].UserID != p.UserID {
			list = append(list, p)
		}
		if side.Valid {
			last := &list[len(list)-1]
			last.Crops = append(last.Crops, Crop{int(side.Int64), File{key.String, contentType.String, version.String}})
		}
	}
	return list, r.classify(rows.Err())
}

// PictureInSize finds a user's picture, or [ErrNotFound]. If it has a crop of that side,
// the result has the crop's file instead of the picture's. It never has the list of
// crops. Side 0 asks for the picture itself and does not read the crops.
func (r reads) PictureInSize(ctx context.Context, userID string, side int) (Picture, error) {
	p := Picture{UserID: userID}
	if side == 0 {
		err := r.q.QueryRowContext(ctx, `SELECT `+pictureColumns+` FROM pictures p WHERE p.user_id = $1`, userID).Scan(p.fields()...)
		return p, r.classify(err)
	}
	err := r.q.QueryRowContext(ctx, `SELECT p.name, COALESCE(c.blob_key, p.blob_key), COALESCE(c.content_type, p.content_type),
			COALESCE(c.version, p.version), p.crops_version, p.updated_at
		FROM pictures p LEFT JOIN crops c ON c.user_id = p.user_id AND c.side = $2 WHERE p.user_id = $1`, userID, side).Scan(p.fields()...)
	return p, r.classify(err)
}

// FileByKey finds the file of a picture or of a crop by its key, or [ErrNotFound].
func (r reads) FileByKey(ctx context.Context, key string) (File, error) {
	var f File
	err := r.q.QueryRowContext(ctx, `SELECT blob_key, content_type, version FROM pictures WHERE blob_key = $1
		UNION ALL SELECT blob_key, content_type, version FROM crops WHERE blob_key = $1 LIMIT 1`, key).
		Scan(&f.Key, &f.ContentType, &f.Version)
	return f, r.classify(err)
}

// PicturesWithoutCrops lists the users whose pictures have no crops, in the order of
// their ids, those after an id, at most limit. A backup leaves out damaged crops; the
// sweep makes them again.
func (r reads) PicturesWithoutCrops(ctx context.Context, userID string, limit int) ([]string, error) {
	return readAll(ctx, r, column[string], `SELECT user_id FROM pictures WHERE crops_version = '' AND user_id > $1
		ORDER BY user_id LIMIT $2`, userID, limit)
}

// SetPicture gives a user a picture with its crops and replaces the one before, whose
// name is kept for [reads.IsOldPictureName]: [ErrNotFound] when the user does not exist.
func (tx *Tx) SetPicture(ctx context.Context, p Picture) error {
	tx.changes(p.UserID)
	if err := tx.keepOldName(ctx, p.UserID, p.Name); err != nil {
		return err
	}
	_, err := tx.exec(ctx, `INSERT INTO pictures (user_id, name, blob_key, content_type, version, crops_version, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (user_id) DO UPDATE SET name = excluded.name, blob_key = excluded.blob_key, content_type = excluded.content_type,
			version = excluded.version, crops_version = excluded.crops_version, updated_at = excluded.updated_at`,
		p.UserID, p.Name, p.Key, p.ContentType, p.Version, p.CropsVersion, micros(p.UpdatedAt))
	if err != nil {
		return err
	}
	if _, err := tx.exec(ctx, `DELETE FROM crops WHERE user_id = $1`, p.UserID); err != nil {
		return err
	}
	for _, c := range p.Crops {
		_, err := tx.exec(ctx, `INSERT INTO crops (user_id, side, blob_key, content_type, version) VALUES ($1, $2, $3, $4, $5)`,
			p.UserID, c.Side, c.Key, c.ContentType, c.Version)
		if err != nil {
			return err
		}
	}
	return nil
}

// DeletePicture removes the rows of a user's picture and its crops, or [ErrNotFound]. The
// name is kept for the next picture.
func (tx *Tx) DeletePicture(ctx context.Context, userID string) error {
	tx.changes(userID)
	if err := tx.keepOldName(ctx, userID, ""); err != nil {
		return err
	}
	return tx.execOne(ctx, `DELETE FROM pictures WHERE user_id = $1`, userID)
}

// nullPicture scans the columns of a picture in a left join, see [SignedIn].
type nullPicture struct{ name, version, cropsVersion sql.NullString }

const nullPictureColumns = `p.name, p.version, p.crops_version`

func (n *nullPicture) fields() []any { return []any{&n.name, &n.version, &n.cropsVersion} }

func (n *nullPicture) picture(userID string) *Picture {
	if !n.name.Valid {
		return nil
	}
	return &Picture{UserID: userID, Name: n.name.String, File: File{Version: n.version.String}, CropsVersion: n.cropsVersion.String}
}
