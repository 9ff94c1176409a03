// Package transfer reads and writes the format in which all users leave Cardea, and come back:
// one tar file with these members, in this order.
//
//	export.json                        the format and its version
//	server.jsonl                       what belongs to no user, a fact a line
//	pictures/{id}/{version}.{png|jpg}  the files of each picture: the picture and its crops, in
//	                                   the order of the ids
//	users.jsonl                        a user a line, in the order of the ids
//	SHA256SUMS                         the SHA-256 of the members before it, without the
//	                                   pictures, whose versions are made of theirs
//
// Nothing in it depends on the time or the machine: equal users make equal bytes.
// docs/reference/export.md describes it for other programs. It does not change.
package transfer

import (
	"errors"
	"time"
)

const (
	infoName      = "export.json"
	serverName    = "server.jsonl"
	pictureFolder = "pictures/"
	usersName     = "users.jsonl"
	sumsName      = "SHA256SUMS"
)

// Limits for the sizes of members and lines, in bytes.
const (
	maxInfo = 4 << 10
	// maxPicture is that of a backup.
	maxPicture = 16 << 20
	// maxLine has room for the most sessions a user can have and a year of events.
	maxLine = 64 << 20
	// maxFiles is how many files a picture has at most: itself and its crops.
	maxFiles = 5
)

// ErrInvalid means that a file is no export, or is damaged.
var ErrInvalid = errors.New("not an export of Cardea, or a damaged one")

// info is the content of export.json.
type info struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
}

var current = info{"cardea-export", 1}

// User is a line of users.jsonl.
type User struct {
	ID              string     `json:"id"`
	Name            string     `json:"name"`
	Email           string     `json:"email"`
	EmailVerified   bool       `json:"email_verified"`
	Language        string     `json:"language"`      // empty: not known
	PasswordHash    string     `json:"password_hash"` // empty: none
	SuspendedAt     *time.Time `json:"suspended_at"`
	CreatedAt       time.Time  `json:"created_at"`
	FlaskFrom       *time.Time `json:"flask_from"` // only Flask cookies that were issued later are taken; null: any
	Imports         []Import   `json:"imports"`
	Picture         *Picture   `json:"picture"`
	OldPictureNames []OldName  `json:"old_picture_names"`
	Sessions        []Session  `json:"sessions"`
	Events          []Event    `json:"events"`
}

// Import says from where a user was imported. Hashes are SHA-256 in hexadecimal.
type Import struct {
	Key            string `json:"key"`           // of the source and of the id there
	Source         string `json:"source"`        // of the name of the source
	EmailHash      string `json:"email_hash"`    // of the source and of the address there; empty: refused in Flask cookies
	IDRefused      bool   `json:"id_refused"`    // the id is refused in Flask cookies
	Run            string `json:"run"`           // the last import that met the user there
	Name           string `json:"name"`          // of the name as imported
	Email          string `json:"email"`         // of the address as imported; empty: the user here is another one by now
	Password       string `json:"password"`      // of the password hash as imported
	PasswordHere   string `json:"password_here"` // of the hash that a login made of it; else the same
	IsSuspended    bool   `json:"is_suspended"`  // the import suspended the user
	PictureHash    string `json:"picture_hash"`  // empty: none was imported
	PictureVersion string `json:"picture_version"`
}

// Fact is a line of server.jsonl. It has one of the fields.
type Fact struct {
	Mark        *Mark        `json:"mark,omitempty"`
	FlaskCookie *FlaskCookie `json:"flask_cookie,omitempty"`
	Deleted     *Deleted     `json:"deleted,omitempty"`
}

// Mark is a moment that concerns the whole server.
type Mark struct {
	Name string    `json:"name"`
	At   time.Time `json:"at"`
}

// FlaskCookie is a cookie of a Flask app that is not taken again.
type FlaskCookie struct {
	Hash      string    `json:"hash"` // SHA-256 of what its signature covers, in hexadecimal
	ExpiresAt time.Time `json:"expires_at"`
}

// Deleted is a user who was imported and deleted since, and is not imported again.
type Deleted struct {
	UserID string `json:"user_id"`
	Import
}

// Picture is a user's picture. Its address is /uploads/{id}_{name}.
type Picture struct {
	Name      string    `json:"name"`
	File      string    `json:"file"` // a member
	UpdatedAt time.Time `json:"updated_at"`
	Crops     []Crop    `json:"crops"`
}

// Crop is a square crop of a picture. Crops may share a file.
type Crop struct {
	Side int    `json:"side"` // in pixels
	File string `json:"file"`
}

// OldName is a name that the picture had before. Its address leads to the picture.
type OldName struct {
	Name   string    `json:"name"`
	UsedAt time.Time `json:"used_at"`
}

// Session is a place where the user is signed in.
type Session struct {
	ID          string    `json:"id"`
	TokenHash   string    `json:"token_hash"` // SHA-256 of the cookie's value, in hexadecimal
	CreatedAt   time.Time `json:"created_at"`
	LastSeenAt  time.Time `json:"last_seen_at"`
	ConfirmedAt time.Time `json:"confirmed_at"`
	IP          string    `json:"ip"`
	UserAgent   string    `json:"user_agent"`
}

// Event is an audit event.
type Event struct {
	ID        string    `json:"id"`
	At        time.Time `json:"at"`
	Event     string    `json:"event"`
	IP        string    `json:"ip"`
	RequestID string    `json:"request_id"`
	Count     int       `json:"count"`
}

// extensions are those of the types in which pictures are stored.
var extensions = map[string]string{"image/png": "png", "image/jpeg": "jpg"}

// FileName is the member of a file of a picture, by its version and content type.
func FileName(userID, version, contentType string) string {
	return pictureFolder + userID + "/" + version + "." + extensions[contentType]
}
