package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/cardea-accounts/cardea/internal/datadir"
	"github.com/cardea-accounts/cardea/internal/operate"
)

// report prints problems as they are found, a line each, and counts them.
type report struct {
	out               *os.File
	json              bool
	progress          operate.Progress
	done              func() // ends the line of the progress
	problems, removed int
	failed            error // to print
}

func (in *invocation) newReport() *report {
	r := &report{out: in.stdout, json: in.json}
	r.progress, r.done = in.progress()
	return r
}

type problemJSON struct {
	Problem string `json:"problem"` // database, secret.key, user, picture, file or stray
	User    string `json:"user,omitempty"`
	File    string `json:"file,omitempty"`
	Message string `json:"message"`
	Removed bool   `json:"removed"`
}

func (r *report) found(p operate.Problem) {
	if p.Removed {
		r.removed++
	} else {
		r.problems++
	}
	if r.json {
		r.failed = errors.Join(r.failed, printJSON(r.out, problemJSON{p.What, p.User, p.File, p.Message, p.Removed}))
		return
	}
	r.done()
	message := shown(oneLine(p.Message))
	if p.Removed {
		message += "; removed"
	}
	fmt.Fprintf(r.out, "%s: %s\n", p.What, message)
}

// orProblems returns the error that a command ends with: err, or [errReported] if problems
// were found.
func (r *report) orProblems(err error) error {
	err = errors.Join(err, r.failed)
	if err == nil && r.problems > 0 {
		err = errReported
	}
	return err
}

type summaryJSON struct {
	OK        bool             `json:"ok"`
	Users     int64            `json:"users"`
	Sessions  int64            `json:"sessions"`
	Pictures  int64            `json:"pictures"`
	SecretKey datadir.KeyState `json:"secret_key,omitempty"`
	Problems  int              `json:"problems"`
	Removed   int              `json:"removed"`
	Error     string           `json:"error,omitempty"` // why the check did not finish
}

// check always prints a summary as JSON. Text ends with one if the check finished.
func check(ctx context.Context, in *invocation) error {
	r := in.newReport()
	var c operate.Contents
	err := onData(func(ctx context.Context, in *invocation, data *operate.Data) (err error) {
		c, err = data.Check(ctx, operate.CheckOptions{RemoveOrphans: in.removeOrphans, Progress: r.progress, Found: r.found})
		return err
	})(ctx, in)
	r.done()
	switch {
	case in.json:
		in.saidAsJSON = true
		s := summaryJSON{err == nil && r.problems == 0, c.Users, c.Sessions, c.Pictures, c.Secret, r.problems, r.removed, ""}
		if err != nil {
			s.Error = oneLine(err.Error())
		}
		if ctx.Err() != nil {
			s.Error = "interrupted"
		}
		return r.orProblems(errors.Join(err, in.printJSON(s)))
	case err != nil:
		return err
	case r.problems == 0:
		in.printf("All is well: %s.\n", holds(c))
	default:
		in.printf("%s found, in %s.\n", counted(int64(r.problems), "problem", "problems"), holds(c))
	}
	in.mentionKey(c, "There is no secret.key in the data folder")
	return r.orProblems(nil)
}
