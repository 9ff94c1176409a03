package operate

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/archive"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/picture"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/token"
)

// extensions are the types of stored pictures, with the extensions of their names.
var extensions = map[string]string{"image/png": "png", "image/jpeg": "jpg"}

// validate fails unless every row of a backup could have come from a registration, a login
// or an upload. A backup may come from anybody, and its manifest is no signature.
func validate(ctx context.Context, db *store.DB) error {
	err := eachUser(ctx, db, "", func(row store.UserWithPicture) error {
		if problem := account.StoredProblem(row.User); problem != "" {
			return invalidRow("user", row.User.ID, problem)
		}
		return validateSessions(ctx, db, row.User.ID)
	})
	if err != nil {
		return err
	}
	return eachPicture(ctx, db, func(row store.Picture) error {
		extension, ok := extensions[row.ContentType]
		if !ok || picture.SafeName(row.Name, extension) != row.Name {
			return invalidRow("picture of user", row.UserID, "its name or its type is not accepted")
		}
		for _, c := range row.Crops {
			if extensions[c.ContentType] == "" || !slices.Contains(media.Sides, c.Side) {
				return invalidRow("picture of user", row.UserID, "it has a crop of a type or size that does not exist")
			}
		}
		return nil
	})
}

// validateSessions checks all sessions of a user. The zero time would start the list anew.
func validateSessions(ctx context.Context, db *store.DB, userID string) error {
	var last store.Session
	for {
		page, err := db.SessionsOfUser(ctx, userID, last.LastSeenAt, last.ID, pageSize)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, last = range page {
			if !token.IsID(last.ID) || len(last.TokenHash) != sha256.Size || last.LastSeenAt.IsZero() {
				return invalidRow("session", last.ID, "it is malformed")
			}
		}
	}
}

func invalidRow(what, id, problem string) error {
	return fmt.Errorf("%w: in its database, the %s %.64q: %s", archive.ErrInvalid, what, id, problem)
}
