// Package user has the type User, which use cases return. It has no secrets. It is made
// from the rows of package store.
package user

import (
	"time"

	"github.com/cardea-accounts/cardea/internal/store"
)

// User is a user of the app.
type User struct {
	ID            string
	Name          string
	Email         string // as typed
	EmailVerified bool
	CreatedAt     time.Time
	SuspendedAt   time.Time // zero: not suspended
	Picture       *Picture  // nil: none
}

// Picture is the public part of a user's picture, from which its addresses are made.
type Picture struct {
	UserID string
	Name   string // safe file name, with extension
	// Version changes with the picture, CropsVersion with its crops. Addresses that
	// carry them may be cached for ever. CropsVersion is empty without crops.
	Version, CropsVersion string
}

// From makes a user from a row and the row of the user's picture, which may be nil.
func From(row store.User, picture *store.Picture) User {
	u := User{
		ID: row.ID, Name: row.Name, Email: row.Email, EmailVerified: row.EmailVerified,
		CreatedAt: row.CreatedAt, SuspendedAt: row.SuspendedAt,
	}
	if picture != nil {
		p := PictureFrom(*picture)
		u.Picture = &p
	}
	return u
}

// PictureFrom makes a picture from its row.
func PictureFrom(row store.Picture) Picture {
	return Picture{UserID: row.UserID, Name: row.Name, Version: row.Version, CropsVersion: row.CropsVersion}
}

// Path returns the path of the picture's address, without a leading slash.
func (p Picture) Path() string { return "uploads/" + p.UserID + "_" + p.Name }

// MaxID is the longest id in bytes. Imported users keep theirs.
const MaxID = 64
