//go:build !linux

package process

func memory() string { return "" }
