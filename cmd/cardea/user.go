package main

import (
	"context"
	"fmt"
	"slices"
)

const userUsage = `Usage: cardea user COMMAND [flags]

Manages users. A server may run on the same data meanwhile. It notices changes
within a second.

  cardea user list               list users, in the order of their e-mail addresses
  cardea user show WHO           show a user, with sessions and picture
  cardea user add                add a user; asks for the password
  cardea user rename WHO         change the name
  cardea user set-email WHO      change the e-mail address
  cardea user set-password WHO   set a password; ends all sessions of the user
  cardea user suspend WHO        end all sessions and refuse to sign the user in
  cardea user unsuspend WHO      let a suspended user sign in again
  cardea user end-sessions WHO   sign a user out everywhere; --all for all users
  cardea user delete WHO         delete a user, with sessions and picture

WHO is an e-mail address, in upper or lower case, or an id.
For details run a command with --help, such as "cardea user list --help".
`

const whoHelp = "WHO is an e-mail address, in upper or lower case, or an id.\n"

var (
	showing = append(slices.Clone(where), "public-url", "listen") // for avatar_url
	hashing = append(slices.Clone(showing), "argon2-memory", "argon2-time", "breached-passwords")
)

var userCommands = map[string]command{
	"list": {name: "user list", settings: showing, run: onData(listUsers), about: `
Lists users in the order of their e-mail addresses, a page at a time. With
--json it prints one line for each user.

Examples:
  cardea user list
  cardea user list --search ann
  cardea user list --limit 1000 --after zoe@example.com --json
`},
	"show": {name: "user show", argument: "WHO", settings: append(slices.Clone(showing), "session-idle", "session-max"), run: onData(showUser), about: `
Shows a user, with picture and sessions. EXPIRES follows --session-idle and
--session-max of this command; give them as the server has them.
` + whoHelp + `
Examples:
  cardea user show ann@example.com
  cardea user show ann@example.com --audit
  cardea user show k3v9x2q7mzt4hw5e --json
`},
	"add": {name: "user add", settings: append(slices.Clone(hashing), "listen"), run: onData(addUser), about: `
Adds a user by the rules of a registration. It asks for the password on a
terminal. Otherwise the password is the first line of standard input.

Examples:
  cardea user add --name "Ann" --email ann@example.com
  cardea user add --name "Ann" --email ann@example.com --json < password.txt
`},
	"rename": {name: "user rename", argument: "WHO", settings: showing, run: onData(renameUser), about: `
Changes the name of a user, by the rules of a registration.
` + whoHelp + `
Example:
  cardea user rename ann@example.com --name "Ann Lee"
`},
	"set-email": {name: "user set-email", argument: "WHO", settings: showing, run: onData(setEmail), about: `
Changes the e-mail address of a user. The new address counts as not verified.
Sessions continue.
` + whoHelp + `
Example:
  cardea user set-email ann@example.com --email ann.lee@example.com
`},
	"set-password": {name: "user set-password", argument: "WHO", settings: hashing, run: onData(setPassword), about: `
Sets a new password by the rules of a registration, ends all sessions of the
user, and forgets failed attempts. On a terminal it asks for the password.
Otherwise the password is the first line of standard input.
` + whoHelp + `
Examples:
  cardea user set-password ann@example.com
  cardea user set-password ann@example.com < password.txt
`},
	"suspend": {name: "user suspend", argument: "WHO", settings: where, run: onData(suspendUser), about: `
Ends all sessions of a user within a second, and refuses to sign the user in.
The refusal says why only after the right password. Nothing is deleted.
` + whoHelp + `
Example:
  cardea user suspend ann@example.com
`},
	"unsuspend": {name: "user unsuspend", argument: "WHO", settings: showing, run: onData(unsuspendUser), about: `
Lets a suspended user sign in again.
` + whoHelp + `
Example:
  cardea user unsuspend ann@example.com
`},
	"end-sessions": {name: "user end-sessions", argument: "[WHO]", settings: where, run: onData(endSessions), about: `
Ends all sessions of a user: the user is signed out everywhere within a second.
With --all and no WHO it ends the sessions of all users, for instance after a
leak.
` + whoHelp + `
Examples:
  cardea user end-sessions ann@example.com
  cardea user end-sessions --all --yes
`},
	"delete": {name: "user delete", argument: "WHO", settings: where, run: onData(deleteUser), about: `
Deletes a user, with sessions and picture. Only a backup brings the user back.
On a terminal, type the e-mail address to confirm. Elsewhere, pass --yes.
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
