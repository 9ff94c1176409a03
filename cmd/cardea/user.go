package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"github.com/cardea-accounts/cardea"
)

const userUsage = `Usage: cardea user COMMAND [flags]

What operators do to people. A server may run on the same data meanwhile; it
shows what was done within a second.

  cardea user list               list people, in the order of their e-mail addresses
  cardea user show WHO           show a person, with sessions and picture
  cardea user add                add a person; the password is asked for
  cardea user set-password WHO   set a password; ends all sessions of the person
  cardea user end-sessions WHO   sign a person out everywhere
  cardea user delete WHO         delete a person, with sessions and picture

WHO is an e-mail address, in any spelling, or an id.
"cardea user list --help" and so on tell more.
`

const whoHelp = "WHO is an e-mail address, in any spelling, or an id.\n"

var hashing = append(slices.Clone(where), "argon2-memory", "argon2-time", "breached-passwords")

var userCommands = map[string]command{
	"list": {name: "user list", settings: where, run: onData(listPeople), about: `
Lists people in the order of their e-mail addresses, a page at a time. With
--json there is a line for each.

Examples:
  cardea user list
  cardea user list --search ann
  cardea user list --limit 1000 --after zoe@example.com --json
`},
	"show": {name: "user show", argument: "WHO", settings: append(slices.Clone(where), "session-idle", "session-max"), run: onData(showPerson), about: `
Shows a person, with picture and sessions.
` + whoHelp + `
Examples:
  cardea user show ann@example.com
  cardea user show ann@example.com --audit
  cardea user show k3v9x2q7mzt4hw5e --json
`},
	"add": {name: "user add", settings: hashing, run: onData(addPerson), about: `
Adds a person, by the same rules as a registration. The password is asked for
on a terminal; otherwise it is the first line of standard input.

Examples:
  cardea user add --name "Ann" --email ann@example.com
  cardea user add --name "Ann" --email ann@example.com --json < password.txt
`},
	"set-password": {name: "user set-password", argument: "WHO", settings: hashing, run: onData(setPassword), about: `
Gives a person a new password, by the same rules as a registration, ends all
their sessions, and forgets wrong passwords that were tried. The password is
asked for on a terminal; otherwise it is the first line of standard input.
` + whoHelp + `
Examples:
  cardea user set-password ann@example.com
  cardea user set-password ann@example.com < password.txt
`},
	"end-sessions": {name: "user end-sessions", argument: "WHO", settings: where, run: onData(endSessions), about: `
Ends all sessions of a person: they are signed out everywhere, within a second.
` + whoHelp + `
Example:
  cardea user end-sessions ann@example.com
`},
	"delete": {name: "user delete", argument: "WHO", settings: where, run: onData(deletePerson), about: `
Deletes a person, with sessions and picture. There is no way back but a backup.
On a terminal it asks for the person's e-mail address first; elsewhere it needs
--yes.
` + whoHelp + `
Examples:
  cardea user delete ann@example.com
  cardea user delete k3v9x2q7mzt4hw5e --yes
`},
}

func (p program) user(ctx context.Context, args []string) int {
	if wantsHelp(args) {
		fmt.Fprint(p.stdout, userUsage)
		return exitOK
	}
	if len(args) == 0 {
		fmt.Fprint(p.stderr, userUsage)
		return exitUsage
	}
	c, ok := userCommands[args[0]]
	if !ok {
		return p.misused(fmt.Sprintf("there is no command user %q; see cardea user --help", args[0]))
	}
	return p.runCommand(ctx, c, args[1:])
}

// personJSON has the keys of the user object, as far as they make sense without a request.
type personJSON struct {
	ID            string  `json:"id"`
	Name          string  `json:"name"`
	Email         string  `json:"email"`
	EmailVerified bool    `json:"email_verified"`
	Picture       *string `json:"profile_pic_path"`
	CreatedAt     string  `json:"created_at"`
}

func personToJSON(p cardea.Person) personJSON {
	out := personJSON{ID: p.ID, Name: p.Name, Email: p.Email, EmailVerified: p.EmailVerified, CreatedAt: p.CreatedAt.UTC().Format(time.RFC3339)}
	if p.Picture != "" {
		out.Picture = &p.Picture
	}
	return out
}

func listPeople(ctx context.Context, in *invocation, a *cardea.Admin) error {
	out := tabwriter.NewWriter(in.stdout, 0, 0, 2, ' ', 0)
	var last cardea.Person
	left, listed := in.limit, 0
	query := cardea.PeopleQuery{Search: in.search, After: in.after}
	for ; left > 0; left -= query.Limit {
		query.Limit = min(left, 500)
		people, err := a.People(ctx, query)
		if err != nil {
			return err
		}
		for _, p := range people {
			if in.json {
				err = in.printJSON(personToJSON(p))
			} else {
				if listed == 0 {
					fmt.Fprintln(out, "ID\tE-MAIL\tNAME\tSINCE\tPICTURE")
				}
				_, err = fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\n", p.ID, shown(p.Email), shown(p.Name), stamp(p.CreatedAt), orNone(p.Picture, "yes"))
			}
			if err != nil {
				return err
			}
			last, listed, query.After = p, listed+1, p.Email
		}
		if err := out.Flush(); err != nil {
			return err
		}
		if len(people) < query.Limit {
			return in.nobody(listed)
		}
	}
	return in.more(ctx, a, last)
}

// nobody says so, to people.
func (in *invocation) nobody(listed int) error {
	if listed == 0 && !in.json {
		in.printf("Nobody.\n")
	}
	return nil
}

// more tells people how to go on, if there is anybody left.
func (in *invocation) more(ctx context.Context, a *cardea.Admin, last cardea.Person) error {
	if in.json {
		return nil
	}
	next, err := a.People(ctx, cardea.PeopleQuery{Search: in.search, After: last.Email, Limit: 1})
	if err == nil && len(next) > 0 {
		in.printf("\nThere are more: go on with --after %s\n", shown(last.Email))
	}
	return err
}

func orNone(value, otherwise string) string {
	if value == "" {
		return "-"
	}
	return otherwise
}

func addPerson(ctx context.Context, in *invocation, a *cardea.Admin) error {
	if in.name == "" || in.email == "" {
		return usageError{errors.New("cardea user add needs --name and --email")}
	}
	password, err := in.password()
	if err != nil {
		return err
	}
	p, err := a.AddPerson(ctx, cardea.NewPerson{Name: in.name, Email: in.email, Password: password})
	if err != nil {
		return err
	}
	if in.json {
		return in.printJSON(personToJSON(p))
	}
	in.printf("Added %s with the id %s.\n", shown(p.Email), p.ID)
	return nil
}

// endedJSON is a person and how many of their sessions ended.
type endedJSON struct {
	personID
	Ended int64 `json:"ended_sessions"`
}

type personID struct {
	ID    string `json:"id"`
	Email string `json:"email"`
}

func setPassword(ctx context.Context, in *invocation, a *cardea.Admin) error {
	if _, err := a.Person(ctx, in.argument); err != nil { // before anybody types
		return err
	}
	password, err := in.password()
	if err != nil {
		return err
	}
	p, ended, err := a.SetPassword(ctx, in.argument, password)
	if err != nil {
		return err
	}
	if in.json {
		return in.printJSON(endedJSON{personID{p.ID, p.Email}, ended})
	}
	in.printf("%s has a new password; %s ended.\n", shown(p.Email), counted(ended, "session", "sessions"))
	return nil
}

func endSessions(ctx context.Context, in *invocation, a *cardea.Admin) error {
	p, ended, err := a.EndSessions(ctx, in.argument)
	if err != nil {
		return err
	}
	if in.json {
		return in.printJSON(endedJSON{personID{p.ID, p.Email}, ended})
	}
	in.printf("%s of %s ended.\n", counted(ended, "session", "sessions"), shown(p.Email))
	return nil
}

func deletePerson(ctx context.Context, in *invocation, a *cardea.Admin) error {
	d, err := a.Person(ctx, in.argument)
	if err != nil {
		return err
	}
	if err := in.confirm(d); err != nil {
		return err
	}
	p, err := a.DeletePerson(ctx, d.ID) // whoever was shown, and nobody else
	if err != nil {
		return err
	}
	if in.json {
		return in.printJSON(struct {
			personID
			Deleted bool `json:"deleted"`
		}{personID{p.ID, p.Email}, true})
	}
	in.printf("Deleted %s (%s).\n", shown(p.Email), p.ID)
	return nil
}

// confirm has somebody type the address of the person to be deleted.
func (in *invocation) confirm(d cardea.PersonDetail) error {
	if in.yes {
		return nil
	}
	if !term.IsTerminal(int(in.stdin.Fd())) {
		return usageError{errors.New("cardea user delete asks on a terminal only; say --yes where there is none")}
	}
	fmt.Fprintf(in.stderr, "This deletes %s, %s, with %s. There is no way back.\nType the e-mail address to go on: ",
		shown(d.Name), shown(d.Email), counted(int64(len(d.Sessions)), "session", "sessions"))
	typed := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(in.stdin).ReadString('\n')
		typed <- strings.TrimSpace(line)
	}()
	select {
	case line := <-typed:
		if strings.EqualFold(line, d.Email) {
			return nil
		}
	case <-in.interrupted:
		fmt.Fprintln(in.stderr)
	}
	return errors.New("nobody was deleted")
}
