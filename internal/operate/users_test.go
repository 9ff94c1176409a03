package operate_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/operate"
	"github.com/cardea-accounts/cardea/internal/testkit/house"
	"github.com/cardea-accounts/cardea/internal/user"
)

// list returns the e-mail addresses that a query finds.
func list(t *testing.T, data *operate.Data, q operate.Query) (emails []string, hasMore bool) {
	t.Helper()
	hasMore, err := data.List(t.Context(), q, func(u user.User) error { emails = append(emails, u.Email); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return emails, hasMore
}

// A search finds part of a name or address, in any spelling.
func TestSearchInNamesAndAddresses(t *testing.T) {
	h := house.New(t, house.Options{})
	data := open(t, h)
	for name, email := range map[string]string{
		"Zoë Ångström": "Z.Onym@Example.com", "Ann": "zoe@example.org", "Émile": "emile@exämple.com", "Straße": "weg@example.com",
	} {
		if _, err := data.Add(t.Context(), account.Registration{Name: name, Email: email, Password: house.Password}); err != nil {
			t.Fatal(err)
		}
	}
	const z, ann, emile, weg = "Z.Onym@Example.com", "zoe@example.org", "emile@exämple.com", "weg@example.com"
	for search, want := range map[string][]string{
		"":                {emile, weg, z, ann}, // in the order of the addresses
		"zo":              {z, ann},             // a name and an address
		"ZOË":             {z},
		"zoe\u0308":       {z},
		"ångström":        {z},
		"a\u030aNGSTRO":   nil, // part of the name, but of another letter: ö
		"onym@example":    {z},
		"EXÄMPLE":         {emile},
		"STRASSE":         {weg},
		"@example.com":    {weg, z},
		" ann ":           {ann},
		"nobody":          nil,
		"%":               nil, // no pattern
		"example.com\x00": nil,
	} {
		got, hasMore := list(t, data, operate.Query{Search: search, Limit: 10})
		if !slices.Equal(got, want) || hasMore {
			t.Errorf("%q finds %v (more: %v), want %v", search, got, hasMore, want)
		}
	}
}

// Pages follow each other without gaps, with and without a search, also where the
// database is read in several parts.
func TestListInPages(t *testing.T) {
	h := house.New(t, house.Options{})
	data := open(t, h)
	const all = 1200
	h.Crowd(t, all)
	for _, q := range []operate.Query{{Limit: 70}, {Limit: 500}, {Limit: 1200}, {Limit: 5000}, {Limit: 3, Search: "p10"}, {Limit: 111, Search: "p1"}} {
		whole, hasMore := list(t, data, operate.Query{Search: q.Search, Limit: all})
		if hasMore || !slices.IsSorted(whole) || q.Search == "" && len(whole) != all {
			t.Fatalf("%+v: %d users, more: %v", q, len(whole), hasMore)
		}
		var got []string
		for hasMore = true; hasMore; {
			var page []string
			page, hasMore = list(t, data, q)
			if len(page) > q.Limit || hasMore && len(page) < q.Limit {
				t.Fatalf("%+v: a page of %d, more: %v", q, len(page), hasMore)
			}
			got = append(got, page...)
			q.After = strings.ToUpper(page[len(page)-1]) // in any spelling
		}
		if !slices.Equal(got, whole) {
			t.Errorf("%+v: in pages %d users, at once %d", q, len(got), len(whole))
		}
	}
	if rest, hasMore := list(t, data, operate.Query{After: "p99@example.com", Limit: 10}); len(rest) != 1 || hasMore {
		t.Errorf("after the last but one: %v, more: %v", rest, hasMore)
	}
	if rest, _ := list(t, data, operate.Query{After: "p9x", Limit: 1}); len(rest) != 0 { // no user has this address
		t.Errorf("after all: %v", rest)
	}
}

// An error of the caller ends the list and is returned as it is.
func TestListEndsEarly(t *testing.T) {
	h := house.New(t, house.Options{})
	h.Crowd(t, 3)
	n, failure := 0, errors.New("the pipe is closed")
	_, err := open(t, h).List(t.Context(), operate.Query{Limit: 10}, func(user.User) error { n++; return failure })
	if !errors.Is(err, failure) || n != 1 {
		t.Errorf("%d users, %v", n, err)
	}
}

// A user is named by address, in any spelling, or by id.
func TestShow(t *testing.T) {
	h := house.New(t, house.Options{})
	data := open(t, h)
	ada, _ := h.Register(t, "Ada@Example.com")
	h.SetPicture(t, ada.ID, 5)
	for _, who := range []string{"Ada@Example.com", " ada@example.COM ", ada.ID, " " + ada.ID + " "} {
		d, err := data.Show(t.Context(), who)
		if err != nil || d.ID != ada.ID || d.Picture == nil || d.Picture.Name != "a.png" || d.PictureType != "image/png" ||
			!d.PictureUpdated.Equal(h.Clock.Now()) || len(d.Sessions) != 1 || !d.Sessions[0].ExpiresAt.Equal(h.Clock.Now().Add(time.Hour)) {
			t.Errorf("%q: %+v, %v", who, d, err)
		}
	}
	for _, who := range []string{"", "nobody", "nobody@example.com", "Ada"} {
		if _, err := data.Show(t.Context(), who); !errors.Is(err, operate.ErrNoUser) || !strings.Contains(err.Error(), who) {
			t.Errorf("%q: %v", who, err)
		}
	}
}

// Each act returns the user as the act left it, with the picture.
func TestActsReturnTheUser(t *testing.T) {
	h := house.New(t, house.Options{})
	data := open(t, h)
	ada, _ := h.Register(t, "ada@example.com")
	h.SetPicture(t, ada.ID, 5)
	ctx := t.Context()
	for act, do := range map[string]func() (user.User, error){
		"rename":    func() (user.User, error) { return data.Rename(ctx, ada.ID, " Countess ") },
		"set-email": func() (user.User, error) { return data.SetEmail(ctx, ada.ID, " Countess@example.com ") },
		"set-password": func() (user.User, error) {
			u, _, err := data.SetPassword(ctx, ada.ID, "another password")
			return u, err
		},
		"suspend":      func() (user.User, error) { u, _, err := data.Suspend(ctx, ada.ID); return u, err },
		"unsuspend":    func() (user.User, error) { return data.Unsuspend(ctx, ada.ID) },
		"end-sessions": func() (user.User, error) { u, _, err := data.EndSessions(ctx, ada.ID); return u, err },
	} {
		got, err := do()
		if err != nil {
			t.Fatalf("%s: %v", act, err)
		}
		now, err := data.Show(ctx, ada.ID)
		if err != nil || got.Picture == nil || *got.Picture != *now.Picture {
			t.Errorf("%s: the picture %+v (%v)", act, got.Picture, err)
		}
		got.Picture, now.User.Picture = nil, nil
		if got != now.User {
			t.Errorf("%s: %+v, but stored is %+v", act, got, now.User)
		}
	}
}

// Errors are sentences for the operator, without codes.
func TestRefusedActs(t *testing.T) {
	h := house.New(t, house.Options{})
	data := open(t, h)
	h.Register(t, "ada@example.com")
	bob, _ := h.Register(t, "bob@example.com")
	ctx := t.Context()
	for want, do := range map[string]func() error{
		"name: Enter a name.": func() error { _, err := data.Rename(ctx, "ada@example.com", " "); return err },
		"email: This is not an e-mail address; it should look like name@example.com.": func() error {
			_, err := data.SetEmail(ctx, "ada@example.com", "x")
			return err
		},
		"the user " + bob.ID + " (bob@example.com) has this e-mail address": func() error { _, err := data.SetEmail(ctx, "ada@example.com", "BOB@example.com"); return err },
		"password: The password is too short: at least 8 characters.": func() error {
			_, _, err := data.SetPassword(ctx, "ada@example.com", "x")
			return err
		},
		"email: Enter an e-mail address. name: Enter a name.": func() error {
			_, err := data.Add(ctx, account.Registration{Password: house.Password})
			return err
		},
	} {
		if err := do(); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	for act, do := range map[string]func() error{
		"rename":       func() error { _, err := data.Rename(ctx, "eve", "Eve"); return err },
		"set-email":    func() error { _, err := data.SetEmail(ctx, "eve", "eve@example.com"); return err },
		"set-password": func() error { _, _, err := data.SetPassword(ctx, "eve", "another password"); return err },
		"suspend":      func() error { _, _, err := data.Suspend(ctx, "eve"); return err },
		"unsuspend":    func() error { _, err := data.Unsuspend(ctx, "eve"); return err },
		"end-sessions": func() error { _, _, err := data.EndSessions(ctx, "eve"); return err },
		"delete":       func() error { _, err := data.Delete(ctx, "eve"); return err },
	} {
		if err := do(); !errors.Is(err, operate.ErrNoUser) || !strings.Contains(err.Error(), `"eve"`) {
			t.Errorf("%s: %v", act, err)
		}
	}
	if events := h.Events(t, ""); len(events) != 0 {
		t.Errorf("events %v", events)
	}
}

// Suspending ends all sessions, of this user only, and keeps the user from signing in. A
// server that serves the data shows it with its next look.
func TestSuspend(t *testing.T) {
	h := house.New(t, house.Options{})
	data := open(t, h)
	ada, tok := h.Register(t, "ada@example.com")
	if err := login(t, h, ada.Email); err != nil {
		t.Fatal(err)
	}
	_, bob := h.Register(t, "bob@example.com")
	h.Look(t)
	h.IsSignedIn(t, tok) // in memory
	h.Clock.Advance(time.Millisecond)
	changed, ended, err := data.Suspend(t.Context(), "ADA@example.com")
	if err != nil || ended != 2 || !changed.SuspendedAt.Equal(h.Clock.Now()) {
		t.Errorf("%+v, %d sessions ended, %v", changed, ended, err)
	}
	h.Look(t)
	if h.IsSignedIn(t, tok) || !h.IsSignedIn(t, bob) {
		t.Error("the session continues, or another user's has ended")
	}
	if err := login(t, h, ada.Email); !errors.Is(err, account.ErrSuspended) {
		t.Errorf("signing in: %v", err)
	}
	if d, err := data.Show(t.Context(), ada.ID); err != nil || !d.SuspendedAt.Equal(changed.SuspendedAt) || len(d.Sessions) != 0 {
		t.Errorf("%+v, %v", d, err)
	}
	h.Clock.Advance(time.Second)
	changed, err = data.Unsuspend(t.Context(), ada.ID)
	if err = errors.Join(err, login(t, h, ada.Email)); err != nil || !changed.SuspendedAt.IsZero() {
		t.Errorf("not suspended any more: %+v, %v", changed, err)
	}
	events := h.Events(t, ada.ID)
	if !slices.Contains(events, guard.EventSuspended) || !slices.Contains(events, guard.EventUnsuspended) {
		t.Errorf("events %v", events)
	}
}

func login(t *testing.T, h *house.House, email string) error {
	t.Helper()
	_, err := h.Accounts.Login(t.Context(), email, house.Password, guard.Client{})
	return err
}

func TestEndSessions(t *testing.T) {
	h := house.New(t, house.Options{})
	data := open(t, h)
	_, ada := h.Register(t, "ada@example.com")
	_, bob := h.Register(t, "bob@example.com")
	if _, ended, err := data.EndSessions(t.Context(), "ada@example.com"); err != nil || ended != 1 || h.IsSignedIn(t, ada) || !h.IsSignedIn(t, bob) {
		t.Errorf("of one user: %d, %v", ended, err)
	}
	if ended, err := data.EndAllSessions(t.Context()); err != nil || ended != 1 || h.IsSignedIn(t, bob) {
		t.Errorf("of all users: %d, %v", ended, err)
	}
}

// A deleted user's sessions and files are gone. The events are kept.
func TestDelete(t *testing.T) {
	h := house.New(t, house.Options{})
	data := open(t, h)
	ada, tok := h.Register(t, "ada@example.com")
	h.SetPicture(t, ada.ID, house.LargeSide)
	h.Clock.Advance(time.Second)
	deleted, err := data.Delete(t.Context(), "ada@example.com")
	if err != nil || deleted.ID != ada.ID || h.IsSignedIn(t, tok) {
		t.Errorf("%+v, %v", deleted, err)
	}
	if files, orphans := h.Files(t), h.Orphans(t); len(files) != 0 || len(orphans) != 0 {
		t.Errorf("files %v, orphans %v", files, orphans)
	}
	entries, err := data.Events(t.Context(), ada.ID, 2)
	if err != nil || len(entries) != 2 || entries[0].Event != guard.EventUserDeleted || entries[0].IP != "" {
		t.Errorf("%+v, %v", entries, err)
	}
	if _, err := data.Show(t.Context(), ada.ID); !errors.Is(err, operate.ErrNoUser) {
		t.Errorf("shown: %v", err)
	}
}
