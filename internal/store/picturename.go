package store

import "context"

// A picture's address has its name in it. The names that a user's picture had before
// are kept, so old addresses can lead to the picture of today.

// oldNamesKept is how many old names of a user's picture are kept, the latest ones.
const oldNamesKept = 20

// IsOldPictureName reports whether the user's picture had another name before, and this
// was one of the last 20. It does not tell whether the user has a picture now.
func (r reads) IsOldPictureName(ctx context.Context, userID, name string) (bool, error) {
	return r.exists(ctx, `SELECT 1 FROM old_picture_names WHERE user_id = $1 AND name = $2`, userID, name)
}

// keepOldName notes the name of a user's picture that is about to get another one, or to be
// removed. In that case newName is empty.
func (tx *Tx) keepOldName(ctx context.Context, userID, newName string) error {
	_, err := tx.exec(ctx, `INSERT INTO old_picture_names (user_id, name, used_at)
		SELECT user_id, name, updated_at FROM pictures WHERE user_id = $1 AND name <> $2
		ON CONFLICT (user_id, name) DO UPDATE SET used_at = excluded.used_at`, userID, newName)
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, `DELETE FROM old_picture_names WHERE user_id = $1 AND (name = $2 OR name NOT IN
		(SELECT name FROM old_picture_names WHERE user_id = $1 AND name <> $2 ORDER BY used_at DESC, name LIMIT $3))`,
		userID, newName, oldNamesKept)
	return err
}
