package main

import "os/exec"

// target is a server that can be started and answers reads.
type target interface {
	Name() string
	// Command returns the command that serves a data folder at an address.
	Command(dir, address string) *exec.Cmd
	// Health is a path that answers as soon as the server does.
	Health() string
	// Read returns the request for the signed-in user, sent by a user.
	Read(user int) []byte
}

// peer is a target that stores users.
type peer interface {
	target
	// Hash names the password hash, which is most of the cost of a login.
	Hash() string
	// Seed fills an empty folder with signed-in users. It does not compute a hash for
	// each of them.
	Seed(dir string, users int) error
	// Login returns the login request of a user.
	Login(user int) []byte
	// Register returns the request that registers a new user. Use each number once.
	Register(number int) []byte
}

// gallery is a peer that stores pictures.
type gallery interface {
	peer
	// SetPicture uploads a photo. It returns when a picture of 512×512 pixels can be
	// shown, if the server makes one.
	SetPicture(c *client, user int, photo []byte) error
}
