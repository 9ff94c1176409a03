package main

import "strings"

// shellWord quotes a text, so a shell reads it as one word and changes nothing in it.
func shellWord(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// shellPath quotes a path for a shell if it needs quotes.
func shellPath(path string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+,:@"
	if path != "" && strings.Trim(path, plain) == "" {
		return path
	}
	return shellWord(path)
}
