// Package archive is the form of a backup: one tar file that holds, in this order,
//
//	cardea-backup.json   what made it, and when
//	device.key           the key of device cookies; may be missing
//	pictures/{key}       each picture's bytes, under its key
//	cardea.db            the database
//	manifest.jsonl       name, size and SHA-256 of each of these, a line each
//
// The database comes behind the pictures, because which picture a person has may
// change until all are copied. [Reader] accepts this and nothing else: what it
// reads may have been made by anybody. Format 1 had no manifest.
//
// The manifest tells damage, and files that were changed by mistake. It is no
// signature: who can write the backup can write its manifest.
package archive

import (
	"errors"
	"time"
)

// Kind is what an entry holds, in the order of the file.
type Kind int

// The kinds.
const (
	KindInfo Kind = iota + 1
	KindDeviceKey
	KindPicture
	KindDatabase
	kindManifest // only [Reader] meets it
)

const (
	infoName      = "cardea-backup.json"
	deviceKeyName = "device.key"
	pictureFolder = "pictures/"
	databaseName  = "cardea.db"
	manifestName  = "manifest.jsonl"
)

// Sizes in bytes, beyond which an entry is refused. A picture as it is stored has
// at most 1,024 pixels a side, of at most four bytes.
const (
	maxInfo      = 64 << 10
	maxDeviceKey = 1 << 10
	MaxPicture   = 16 << 20
)

// format is that of the whole file, for later releases to tell.
const format = 2

var (
	// ErrInvalid: the file is no backup, or a damaged one.
	ErrInvalid = errors.New("not a backup of Cardea, or a damaged one")
	// ErrCompressed: the file may be a backup, but was compressed.
	ErrCompressed = errors.New("compressed with gzip; gunzip it first")
)

// Info says what made a backup, and when.
type Info struct {
	Format    int       `json:"format"`
	Release   string    `json:"release"`
	CreatedAt time.Time `json:"created_at"`
}

// HasManifest tells whether a backup of this format carries a manifest.
func (i Info) HasManifest() bool { return i.Format >= 2 }
