package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/cardea-accounts/cardea/internal/operate"
	"github.com/cardea-accounts/cardea/internal/user"
)

// userJSON has the keys of the user object, where they make sense without a request.
type userJSON struct {
	ID            string  `json:"id"`
	Name          string  `json:"name"`
	Email         string  `json:"email"`
	EmailVerified bool    `json:"email_verified"`
	Picture       *string `json:"profile_pic_path"`
	AvatarURL     string  `json:"avatar_url"`
	CreatedAt     string  `json:"created_at"`
	SuspendedAt   *string `json:"suspended_at"`
}

func (in *invocation) userJSON(data *operate.Data, u user.User) userJSON {
	out := userJSON{
		ID: u.ID, Name: u.Name, Email: u.Email, EmailVerified: u.EmailVerified,
		AvatarURL: in.publicAddress() + "/" + data.AvatarPath(u), CreatedAt: u.CreatedAt.UTC().Format(time.RFC3339),
	}
	if u.Picture != nil {
		path := "/" + u.Picture.Path()
		out.Picture = &path
	}
	if !u.SuspendedAt.IsZero() {
		at := u.SuspendedAt.UTC().Format(time.RFC3339)
		out.SuspendedAt = &at
	}
	return out
}

// publicAddress is the public URL or, without one, where the server listens on this machine.
func (in *invocation) publicAddress() string {
	if in.cfg.PublicURL != "" {
		return strings.TrimSuffix(in.cfg.PublicURL, "/")
	}
	_, port, _ := net.SplitHostPort(in.listen)
	return "http://" + net.JoinHostPort("localhost", port)
}

func listUsers(ctx context.Context, in *invocation, data *operate.Data) error {
	out := tabwriter.NewWriter(in.stdout, 0, 0, 2, ' ', 0)
	var last string
	listed := 0
	hasMore, err := data.List(ctx, operate.Query{Search: in.search, After: in.after, Limit: in.limit}, func(u user.User) error {
		if listed++; in.json {
			return in.printJSON(in.userJSON(data, u))
		}
		if listed%listPage == 1 {
			if err := out.Flush(); err != nil { // the columns are aligned within a page
				return err
			}
			fmt.Fprintln(out, "ID\tE-MAIL\tNAME\tSINCE\tPICTURE\tSUSPENDED")
		}
		last = u.Email
		_, err := fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\n", u.ID, shown(u.Email), shown(u.Name), stamp(u.CreatedAt),
			yesIf(u.Picture != nil), yesIf(!u.SuspendedAt.IsZero()))
		return err
	})
	if err := errors.Join(err, out.Flush()); err != nil || in.json {
		return err
	}
	if listed == 0 {
		in.printf("No users.\n")
	}
	if hasMore {
		in.printf("\nThere are more. Continue with --after %s\n", shown(last))
	}
	return nil
}

// listPage is how many lines the list holds back to align its columns.
const listPage = 500

func yesIf(b bool) string {
	if b {
		return "yes"
	}
	return "-"
}
