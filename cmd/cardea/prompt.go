package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// password asks for a password on a terminal, and reads a line elsewhere.
func (in *invocation) password() (string, error) {
	if !term.IsTerminal(int(in.stdin.Fd())) {
		return firstLine(in.stdin)
	}
	first, err := in.ask("Password: ")
	if err != nil {
		return "", err
	}
	again, err := in.ask("Again: ")
	if err == nil && again != first {
		err = errors.New("the two passwords differ; nothing was changed")
	}
	return first, err
}

// ask reads a line without showing it. It restores the terminal after a signal and after
// Ctrl-D, too, which [term.ReadPassword] does not notice.
func (in *invocation) ask(prompt string) (string, error) {
	fd := int(in.stdin.Fd())
	fmt.Fprint(in.stderr, prompt)
	state, err := term.MakeRaw(fd)
	if err != nil {
		return "", err
	}
	type answer struct {
		line string
		err  error
	}
	typed := make(chan answer, 1)
	go func() {
		line, err := typedLine(in.stdin)
		typed <- answer{line, err}
	}()
	var a answer
	select {
	case a = <-typed:
	case <-in.interrupted:
		a.err = errInterrupted
	}
	err = term.Restore(fd, state)
	fmt.Fprintln(in.stderr)
	return a.line, errors.Join(a.err, err)
}

var errInterrupted = errors.New("interrupted; nothing was changed")

// Bytes of the keys that a terminal handles itself unless it is raw (man 3 termios).
const (
	ctrlC     = 0x03
	ctrlD     = 0x04
	backspace = 0x08
	ctrlU     = 0x15
	del       = 0x7f
)

// typedLine reads a line exactly as it is typed.
func typedLine(r io.Reader) (string, error) {
	var line []byte
	for key := make([]byte, 1); len(line) < maxLine; { // one at a time: the next line is another answer
		_, err := r.Read(key)
		switch {
		case err != nil, key[0] == ctrlD:
			return "", errors.New("no password was typed; nothing was changed")
		case key[0] == ctrlC:
			return "", errInterrupted
		case key[0] == '\r', key[0] == '\n':
			return string(line), nil
		case key[0] == ctrlU:
			line = nil
		case key[0] == backspace, key[0] == del:
			_, size := utf8.DecodeLastRune(line)
			line = line[:len(line)-size]
		default:
			line = append(line, key[0])
		}
	}
	return "", errors.New("the line is too long; nothing was changed")
}

// maxLine bounds a line of standard input, in bytes; no password is longer.
const maxLine = 4096

// byteOrderMark is what some editors put before a text.
const byteOrderMark = "\ufeff"

// firstLine reads up to the first line break, or everything if there is none.
func firstLine(r io.Reader) (string, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxLine))
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(strings.TrimPrefix(string(data), byteOrderMark), "\n")
	if line = strings.TrimSuffix(line, "\r"); line == "" {
		return "", usageError{errors.New("the password is read from standard input, which is empty")}
	}
	return line, nil
}
