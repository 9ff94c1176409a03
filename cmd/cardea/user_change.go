package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/term"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/operate"
	"github.com/cardea-accounts/cardea/internal/user"
)

func addUser(ctx context.Context, in *invocation, data *operate.Data) error {
	if in.name == "" || in.email == "" {
		return usageError{errors.New("cardea user add needs --name and --email")}
	}
	password, err := in.password()
	if err != nil {
		return err
	}
	u, err := data.Add(ctx, account.Registration{Name: in.name, Email: in.email, Password: account.Password(password)})
	if err != nil {
		return err
	}
	if in.json {
		return in.printJSON(in.userJSON(data, u))
	}
	in.printf("Added %s with the id %s.\n", shown(u.Email), u.ID)
	return nil
}

func renameUser(ctx context.Context, in *invocation, data *operate.Data) error {
	if in.name == "" {
		return usageError{errors.New("cardea user rename needs --name")}
	}
	u, err := data.Rename(ctx, in.argument, in.name)
	return in.printChange(data, u, err, "%s is now called %s.\n", shown(u.Email), shown(u.Name))
}

func setEmail(ctx context.Context, in *invocation, data *operate.Data) error {
	if in.email == "" {
		return usageError{errors.New("cardea user set-email needs --email")}
	}
	u, err := data.SetEmail(ctx, in.argument, in.email)
	return in.printChange(data, u, err, "%s (%s) now has the address %s.\n", shown(u.Name), u.ID, shown(u.Email))
}

func unsuspendUser(ctx context.Context, in *invocation, data *operate.Data) error {
	u, err := data.Unsuspend(ctx, in.argument)
	return in.printChange(data, u, err, "%s can sign in again.\n", shown(u.Email))
}

// printChange prints a user that was changed.
func (in *invocation) printChange(data *operate.Data, u user.User, err error, format string, args ...any) error {
	if err != nil {
		return err
	}
	if in.json {
		return in.printJSON(in.userJSON(data, u))
	}
	in.printf(format, args...)
	return nil
}

func suspendUser(ctx context.Context, in *invocation, data *operate.Data) error {
	u, ended, err := data.Suspend(ctx, in.argument)
	return in.printEnded(u, ended, err, "%s is suspended; %s ended.\n", shown(u.Email), countSessions(ended))
}

func setPassword(ctx context.Context, in *invocation, data *operate.Data) error {
	if _, err := data.Show(ctx, in.argument); err != nil { // before the operator types
		return err
	}
	password, err := in.password()
	if err != nil {
		return err
	}
	u, ended, err := data.SetPassword(ctx, in.argument, account.Password(password))
	return in.printEnded(u, ended, err, "%s has a new password; %s ended.\n", shown(u.Email), countSessions(ended))
}

func endSessions(ctx context.Context, in *invocation, data *operate.Data) error {
	if in.all == (in.argument != "") {
		return usageError{errors.New("cardea user end-sessions needs either one WHO or --all")}
	}
	if in.all {
		return endAllSessions(ctx, in, data)
	}
	u, ended, err := data.EndSessions(ctx, in.argument)
	return in.printEnded(u, ended, err, "%s of %s ended.\n", countSessions(ended), shown(u.Email))
}

func endAllSessions(ctx context.Context, in *invocation, data *operate.Data) error {
	if err := in.confirm("This signs out all users.", "all"); err != nil {
		return err
	}
	ended, err := data.EndAllSessions(ctx)
	if err != nil {
		return err
	}
	if in.json {
		return in.printJSON(struct {
			Ended int64 `json:"ended_sessions"`
		}{ended})
	}
	in.printf("%s ended.\n", countSessions(ended))
	return nil
}

func countSessions(n int64) string { return counted(n, "session", "sessions") }

type userID struct {
	ID    string `json:"id"`
	Email string `json:"email"`
}

// printEnded prints a user and how many of the user's sessions ended.
func (in *invocation) printEnded(u user.User, ended int64, err error, format string, args ...any) error {
	if err != nil {
		return err
	}
	if in.json {
		return in.printJSON(struct {
			userID
			Ended int64 `json:"ended_sessions"`
		}{userID{u.ID, u.Email}, ended})
	}
	in.printf(format, args...)
	return nil
}

func deleteUser(ctx context.Context, in *invocation, data *operate.Data) error {
	d, err := data.Show(ctx, in.argument)
	if err != nil {
		return err
	}
	warning := fmt.Sprintf("This deletes %s, %s, with %s. It cannot be undone.", shown(d.Name), shown(d.Email), countSessions(int64(len(d.Sessions))))
	if err := in.confirm(warning, d.Email); err != nil {
		return err
	}
	u, err := data.Delete(ctx, d.ID) // the user that was shown, whatever address it has by now
	if err != nil {
		return err
	}
	if in.json {
		return in.printJSON(struct {
			userID
			Deleted bool `json:"deleted"`
		}{userID{u.ID, u.Email}, true})
	}
	in.printf("Deleted %s (%s).\n", shown(u.Email), u.ID)
	return nil
}

// confirm asks the operator to type a word, unless --yes was given.
func (in *invocation) confirm(warning, word string) error {
	if in.yes {
		return nil
	}
	if !term.IsTerminal(int(in.stdin.Fd())) {
		return usageError{errors.New("this asks for confirmation, and standard input is not a terminal; use --yes")}
	}
	what := "the e-mail address"
	if !strings.Contains(word, "@") {
		what = fmt.Sprintf("%q", word)
	}
	fmt.Fprintf(in.stderr, "%s\nType %s to continue: ", warning, what)
	typed := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(in.stdin).ReadString('\n')
		typed <- strings.TrimSpace(line)
	}()
	select {
	case line := <-typed:
		if strings.EqualFold(line, word) {
			return nil
		}
	case <-in.interrupted:
		fmt.Fprintln(in.stderr)
	}
	return errors.New("not confirmed; nothing was changed")
}
