package main

import "os/exec"

// target is a server that can be started and read from.
type target interface {
	Name() string
	// Command starts it on a folder.
	Command(dir, address string) *exec.Cmd
	// Health is a path that is answered as soon as anything is.
	Health() string
	// Read is the call that says who is signed in, for a person.
	Read(person int) []byte
}

// peer is a target that keeps people.
type peer interface {
	target
	// Hash says how passwords are kept: most of the cost of a login.
	Hash() string
	// Seed puts people into an empty folder, signed in, without a hash for each.
	Seed(dir string, people int) error
	Login(person int) []byte
	// Register makes somebody new; no number is used twice.
	Register(number int) []byte
	// SetPicture uploads a photo, and goes on until there is a picture of 512×512 to
	// show, if the server makes one.
	SetPicture(c *client, person int, photo []byte) error
}
