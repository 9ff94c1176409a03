package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/operate"
	"github.com/cardea-accounts/cardea/internal/session"
)

// maxShownEvents bounds what user show --audit prints.
const maxShownEvents = 100

func showUser(ctx context.Context, in *invocation, data *operate.Data) error {
	d, err := data.Show(ctx, in.argument)
	if errors.Is(err, operate.ErrNoUser) && in.audit {
		return in.showDeleted(ctx, data, err)
	}
	if err != nil {
		return err
	}
	var events []guard.Entry
	if in.audit {
		if events, err = data.Events(ctx, d.ID, maxShownEvents); err != nil {
			return err
		}
	}
	if in.json {
		return in.printJSON(struct {
			userJSON
			Sessions []sessionJSON `json:"sessions"`
			Audit    []eventJSON   `json:"audit,omitempty"`
		}{in.userJSON(data, d.User), sessionsToJSON(d.Sessions), eventsToJSON(events)})
	}
	return errors.Join(in.printUser(d), in.printSessions(d.Sessions), in.printEvents(events))
}

func (in *invocation) printUser(d operate.Detail) error {
	out := tabwriter.NewWriter(in.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(out, "id\t%s\nname\t%s\ne-mail\t%s\nsince\t%s\n", d.ID, shown(d.Name), shown(d.Email), stamp(d.CreatedAt))
	if !d.SuspendedAt.IsZero() {
		fmt.Fprintf(out, "suspended\t%s\n", stamp(d.SuspendedAt))
	}
	picture := "none"
	if d.Picture != nil {
		picture = fmt.Sprintf("/%s, %s, of %s", d.Picture.Path(), d.PictureType, stamp(d.PictureUpdated))
	}
	fmt.Fprintf(out, "picture\t%s\nsessions\t%d\n", picture, len(d.Sessions))
	return out.Flush()
}

// showDeleted shows the events of a deleted account by its id. Without events it returns
// noUser.
func (in *invocation) showDeleted(ctx context.Context, data *operate.Data, noUser error) error {
	events, err := data.Events(ctx, in.argument, maxShownEvents)
	switch {
	case err != nil:
		return err
	case len(events) == 0:
		return noUser
	case in.json:
		return in.printJSON(struct {
			ID    string      `json:"id"`
			Audit []eventJSON `json:"audit"`
		}{in.argument, eventsToJSON(events)})
	}
	in.printf("The user %s was deleted. These are the events of the account:\n", in.argument)
	return in.printEvents(events)
}

func (in *invocation) printSessions(sessions []session.Info) error {
	if len(sessions) == 0 {
		return nil
	}
	out := tabwriter.NewWriter(in.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "\nSESSION\tSINCE\tLAST SEEN\tEXPIRES\tADDRESS\tPROGRAM")
	for _, s := range sessions {
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\n", s.ID, stamp(s.CreatedAt), stamp(s.LastSeenAt), stamp(s.ExpiresAt), s.IP, shown(s.UserAgent))
	}
	return out.Flush()
}

func (in *invocation) printEvents(events []guard.Entry) error {
	if len(events) == 0 {
		return nil
	}
	out := tabwriter.NewWriter(in.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "\nWHEN\tEVENT\tADDRESS\tREQUEST")
	for _, e := range events {
		address, request := e.IP, e.RequestID
		if address == "" {
			address, request = "operator", "-"
		}
		event := string(e.Event)
		if e.Count > 1 {
			event += fmt.Sprintf(" ×%d", e.Count)
		}
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\n", stamp(e.At), event, address, request)
	}
	return out.Flush()
}

type sessionJSON struct {
	ID         string `json:"id"`
	CreatedAt  string `json:"created_at"`
	LastSeenAt string `json:"last_seen_at"`
	ExpiresAt  string `json:"expires_at"`
	IP         string `json:"ip"`
	UserAgent  string `json:"user_agent"`
}

func sessionsToJSON(sessions []session.Info) []sessionJSON {
	list := make([]sessionJSON, 0, len(sessions))
	for _, s := range sessions {
		list = append(list, sessionJSON{s.ID, s.CreatedAt.Format(time.RFC3339), s.LastSeenAt.Format(time.RFC3339),
			s.ExpiresAt.Format(time.RFC3339), s.IP, s.UserAgent})
	}
	return list
}

type eventJSON struct {
	At      string `json:"at"`
	Event   string `json:"event"`
	IP      string `json:"ip"`
	Request string `json:"request"`
	Count   int    `json:"count"`
}

func eventsToJSON(events []guard.Entry) []eventJSON {
	list := make([]eventJSON, 0, len(events))
	for _, e := range events {
		list = append(list, eventJSON{e.At.UTC().Format(time.RFC3339), string(e.Event), e.IP, e.RequestID, e.Count})
	}
	return list
}
