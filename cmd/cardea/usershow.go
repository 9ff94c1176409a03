package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/cardea-accounts/cardea"
)

type sessionJSON struct {
	ID         string `json:"id"`
	CreatedAt  string `json:"created_at"`
	LastSeenAt string `json:"last_seen_at"`
	IP         string `json:"ip"`
	UserAgent  string `json:"user_agent"`
}

func showPerson(ctx context.Context, in *invocation, a *cardea.Admin) error {
	p, err := a.Person(ctx, in.argument)
	if errors.Is(err, cardea.ErrNoPerson) && in.audit {
		return in.showDeleted(ctx, a, err)
	}
	if err != nil {
		return err
	}
	var events []cardea.AuditEntry
	if in.audit {
		if events, err = a.Audit(ctx, p.ID, maxShownEvents); err != nil {
			return err
		}
	}
	if in.json {
		sessions := []sessionJSON{}
		for _, s := range p.Sessions {
			sessions = append(sessions, sessionJSON{s.ID, s.CreatedAt.Format(time.RFC3339), s.LastSeenAt.Format(time.RFC3339), s.IP, s.UserAgent})
		}
		return in.printJSON(struct {
			personJSON
			Sessions []sessionJSON `json:"sessions"`
			Audit    []auditJSON   `json:"audit,omitempty"`
		}{personToJSON(p.Person), sessions, auditToJSON(events)})
	}
	out := tabwriter.NewWriter(in.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(out, "id\t%s\nname\t%s\ne-mail\t%s\nsince\t%s\n", p.ID, shown(p.Name), shown(p.Email), stamp(p.CreatedAt))
	picture := "none"
	if p.Picture != "" {
		picture = fmt.Sprintf("%s, %s, of %s", p.Picture, p.PictureType, stamp(p.PictureUpdated))
	}
	fmt.Fprintf(out, "picture\t%s\nsessions\t%d\n", picture, len(p.Sessions))
	if err := out.Flush(); err != nil {
		return err
	}
	return errors.Join(in.printSessions(p.Sessions), in.printEvents(events))
}

// showDeleted shows what happened to an account that is no more, by its id;
// otherwise there is nobody, as nobody says.
func (in *invocation) showDeleted(ctx context.Context, a *cardea.Admin, nobody error) error {
	events, err := a.Audit(ctx, in.argument, maxShownEvents)
	switch {
	case err != nil:
		return err
	case len(events) == 0:
		return nobody
	case in.json:
		return in.printJSON(struct {
			ID    string      `json:"id"`
			Audit []auditJSON `json:"audit"`
		}{in.argument, auditToJSON(events)})
	}
	in.printf("Nobody has the id %s any more; this is what happened to the account:\n", in.argument)
	return in.printEvents(events)
}

// maxShownEvents bounds what user show --audit prints.
const maxShownEvents = 100

func (in *invocation) printSessions(sessions []cardea.PersonSession) error {
	if len(sessions) == 0 {
		return nil
	}
	out := tabwriter.NewWriter(in.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "\nSESSION\tSINCE\tLAST SEEN\tADDRESS\tPROGRAM")
	for _, s := range sessions {
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\n", s.ID, stamp(s.CreatedAt), stamp(s.LastSeenAt), s.IP, shown(s.UserAgent))
	}
	return out.Flush()
}

func (in *invocation) printEvents(events []cardea.AuditEntry) error {
	if len(events) == 0 {
		return nil
	}
	out := tabwriter.NewWriter(in.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "\nWHEN\tEVENT\tADDRESS\tREQUEST")
	for _, e := range events {
		address, request := e.IP, e.Request
		if address == "" {
			address, request = "operator", "-"
		}
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\n", stamp(e.At), e.Event, address, request)
	}
	return out.Flush()
}

type auditJSON struct {
	At      string `json:"at"`
	Event   string `json:"event"`
	IP      string `json:"ip"`
	Request string `json:"request"`
}

func auditToJSON(events []cardea.AuditEntry) []auditJSON {
	list := make([]auditJSON, 0, len(events))
	for _, e := range events {
		list = append(list, auditJSON{e.At.UTC().Format(time.RFC3339), e.Event, e.IP, e.Request})
	}
	return list
}
