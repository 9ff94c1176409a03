// Package archive reads and writes the format of a backup: one tar file with these
// members, in this order.
//
//	cardea-backup.json   format, release and time of the backup
//	secret.key           the server's secret; optional
//	pictures/{key}       the bytes of each picture, under its key
//	cardea.db            the database
//	manifest.jsonl       name, size and SHA-256 of each member above, one a line
//
// The database follows the pictures because its copy may change until the last
// picture is written.
//
// [Reader] accepts this layout and nothing else, because a backup may come from
// anybody. The manifest detects damage and accidental changes. It is no signature:
// an attacker who can change the backup can change its manifest.
package archive

import (
	"errors"
	"time"
)

// Kind is the kind of a member.
type Kind int

// The kinds, in the order of the file.
const (
	KindInfo Kind = iota + 1
	KindSecretKey
	KindPicture
	KindDatabase
	kindManifest // [Reader.Next] does not return it
)

const (
	infoName      = "cardea-backup.json"
	secretKeyName = "secret.key"
	pictureFolder = "pictures/"
	databaseName  = "cardea.db"
	manifestName  = "manifest.jsonl"
)

// Limits for the sizes of members, in bytes.
const (
	maxInfo      = 64 << 10
	maxSecretKey = 4 << 10
	// MaxPicture is far above the 4 MiB of a stored picture without compression:
	// 1,024 × 1,024 pixels of 4 bytes.
	MaxPicture = 16 << 20
)

// format is the version of the whole layout. A Reader refuses any other.
const format = 1

var (
	// ErrInvalid means that the file is not a backup, or is damaged.
	ErrInvalid = errors.New("not a backup of Cardea, or a damaged one")
	// ErrCompressed means that the file is compressed with gzip.
	ErrCompressed = errors.New("compressed with gzip; gunzip it first")
)

// Info says which release made a backup, and when.
type Info struct {
	Format    int       `json:"format"`
	Release   string    `json:"release"`
	CreatedAt time.Time `json:"created_at"`
}
