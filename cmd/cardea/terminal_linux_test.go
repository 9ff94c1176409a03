package main

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// openTerminal returns the two ends of a new terminal (man 4 pts): one for the test, one for
// the program.
func openTerminal(t *testing.T) (keyboard, program *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		skipFault(t, "there are no terminals here", err)
	}
	t.Cleanup(func() { _ = keyboard.Close() })
	var number, unlocked uint32
	control := func(request uintptr, value *uint32) {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, keyboard.Fd(), request, uintptr(unsafe.Pointer(value))); errno != 0 {
			skipFault(t, "there are no terminals here", errno)
		}
	}
	control(syscall.TIOCSPTLCK, &unlocked)
	control(syscall.TIOCGPTN, &number)
	program, err = os.OpenFile("/dev/pts/"+strconv.Itoa(int(number)), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		skipFault(t, "there are no terminals here", err)
	}
	t.Cleanup(func() { _ = program.Close() })
	return keyboard, program
}

// toContinue ends the questions whose answers are shown.
const toContinue = " to continue: "

// echoes reports whether a terminal shows what is typed.
func echoes(t *testing.T, terminal *os.File) bool {
	t.Helper()
	var state syscall.Termios
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, terminal.Fd(), syscall.TCGETS, uintptr(unsafe.Pointer(&state))); errno != 0 {
		t.Fatal(errno)
	}
	return state.Lflag&syscall.ECHO != 0
}

// talk runs a command on a terminal and types an answer to each question. It returns all
// that was shown, and the exit code.
func talk(t *testing.T, data string, args []string, dialogue ...string) (screen string, code int) {
	t.Helper()
	keyboard, program := openTerminal(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, append(args, "--data", data)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = program, program, program
	cmd.Env = slices.Concat(foreignEnvironment(), place(t, cmd, nil), cheap)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true} // then Ctrl-C is a signal
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var shown output
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		b := make([]byte, 4096)
		for {
			n, err := keyboard.Read(b)
			_, _ = shown.Write(b[:n])
			if err != nil { // the program has ended
				return
			}
		}
	}()
	for i := 0; i < len(dialogue); i += 2 {
		question := dialogue[i]
		eventually(t, "the question "+question, func() bool { return strings.Contains(shown.String(), question) })
		if hidden := question != toContinue; hidden {
			eventually(t, "the terminal hides what is typed", func() bool { return !echoes(t, program) })
		}
		if _, err := keyboard.WriteString(dialogue[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	_ = cmd.Wait() // the exit code is checked
	_ = program.Close()
	<-ended
	return shown.String(), cmd.ProcessState.ExitCode()
}

// On a terminal, commands ask for a password twice and never show it.
func TestPasswordPrompt(t *testing.T) {
	data := t.TempDir()
	s := serve(t, data, cheap)
	add := []string{"user", "add", "--name", "Ann", "--email", "ann@example.com"}
	screen, code := talk(t, data, add, "Password: ", "typed in secret\n", "Again: ", "typed otherwise\n")
	if code != exitFailed || !strings.Contains(screen, "the two passwords differ") {
		t.Errorf("%d: %s", code, screen)
	}
	screen, code = talk(t, data, add, "Password: ", "typed in secret\n", "Again: ", "typed in secret\n")
	if code != exitOK || !strings.Contains(screen, "Added ann@example.com") ||
		strings.Contains(screen, "secret") || strings.Contains(screen, "event") {
		t.Errorf("%d: %s", code, screen)
	}
	s.client().Post("/api/login", testkit.Credentials("ann@example.com", "typed in secret")).Want(http.StatusOK)
	if screen, code = talk(t, data, []string{"user", "set-password", "ann@example.com"}, "Password: ", "\x03"); code == exitOK {
		t.Errorf("interrupted, %d: %s", code, screen)
	}
}

// Ctrl-C and Ctrl-D cancel. Corrections while typing work.
func TestPasswordPromptHasItsKeys(t *testing.T) {
	data := t.TempDir()
	s := serve(t, data, cheap)
	add := []string{"user", "add", "--name", "Ann", "--email", "ann@example.com"}
	for typed, says := range map[string]string{"\x04": "no password was typed", "abc\x04": "no password was typed", "abc\x03": "interrupted"} {
		if screen, code := talk(t, data, add, "Password: ", typed); code != exitFailed || !strings.Contains(screen, says+"; nothing was changed") {
			t.Errorf("%q, %d: %s", typed, code, screen)
		}
	}
	screen, code := talk(t, data, add, "Password: ", "wrong\x15schönÖ\x7f wörds\r", "Again: ", "schön wörds\n")
	if code != exitOK {
		t.Errorf("%d: %s", code, screen)
	}
	s.client().Post("/api/login", testkit.Credentials("ann@example.com", "schön wörds")).Want(http.StatusOK)
	if screen, code := talk(t, data, []string{"user", "set-password", "ann@example.com"}, "Password: ", "\x04"); code != exitFailed {
		t.Errorf("%d: %s", code, screen)
	}
}

func TestDeleteAsks(t *testing.T) {
	data := t.TempDir()
	serve(t, data, cheap).stop()
	runOn(t, data, "simplepass", "user", "add", "--name", "Ann", "--email", "ann@example.com").wantDone()
	remove := []string{"user", "delete", "ann@example.com"}
	for _, answer := range []string{"yes\n", "\n", "\x04"} {
		if screen, code := talk(t, data, remove, toContinue, answer); code != exitFailed || !strings.Contains(screen, "not confirmed; nothing was changed") {
			t.Errorf("%q, %d: %s", answer, code, screen)
		}
	}
	if screen, code := talk(t, data, remove, toContinue, "ann@example.com\n"); code != exitOK || !strings.Contains(screen, "Deleted ann@example.com") {
		t.Errorf("%d: %s", code, screen)
	}
}

func TestEndAllSessionsAsks(t *testing.T) {
	data := t.TempDir()
	s := serve(t, data, cheap)
	ann := s.client()
	ann.Register("ann@example.com")
	all := []string{"user", "end-sessions", "--all"}
	screen, code := talk(t, data, all, toContinue, "yes\n")
	if code != exitFailed || !strings.Contains(screen, "This signs out all users.") || !strings.Contains(screen, "not confirmed; nothing was changed") {
		t.Errorf("%d: %s", code, screen)
	}
	ann.Get("/api/user").Want(http.StatusOK)
	if screen, code := talk(t, data, all, toContinue, "all\n"); code != exitOK || !strings.Contains(screen, "1 session ended.") {
		t.Errorf("%d: %s", code, screen)
	}
	wantSignedOut(t, ann)
}
