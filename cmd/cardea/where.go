package main

import (
	"github.com/cardea-accounts/cardea/internal/database"
	"github.com/cardea-accounts/cardea/internal/storage"
)

// whereDataIs names all places where a server keeps data, without passwords: the data folder, and the
// database and picture storage if they are elsewhere.
func whereDataIs(o options) string {
	folder := absolute(o.Data)
	users, pictures := "", ""
	if o.Database != "" {
		users = absolute(o.Database)
		if place, err := database.At(o.Data, o.Database, "", o.Storage); err == nil && place.IsServer() {
			users = place.String()
		}
	}
	if o.Storage != "" {
		if pictures = absolute(o.Storage); storage.IsBucket(o.Storage) {
			pictures = storage.Name(o.Storage)
		}
	}
	switch {
	case users == "" && pictures == "":
		return folder
	case pictures == "":
		return users + " (users) and " + folder + " (secret.key and pictures)"
	case users == "":
		return pictures + " (pictures) and " + folder + " (secret.key and users)"
	}
	return users + " (users), " + pictures + " (pictures) and " + folder + " (secret.key)"
}
