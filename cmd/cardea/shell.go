package main

import "strings"

// shellWord is a text as a word of a shell, which takes it as it is.
func shellWord(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// shellPath is a path as a word of a shell. The usual ones need no quotes.
func shellPath(path string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+,:@"
	if path != "" && strings.Trim(path, plain) == "" {
		return path
	}
	return shellWord(path)
}
