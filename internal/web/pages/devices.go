package pages

import (
	"slices"
	"strings"
	"time"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/session"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

// device is a place where the user is signed in.
type device struct {
	ID, Name, IP string
	IsPhone      bool
	Since, Seen  Time
	IsCurrent    bool
}

// Label tells a device from others of the same name, for those who do not see where its button
// stands.
func (d device) Label() string {
	parts := []string{d.Name, d.IP, d.Seen.Text}
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), ", ")
}

// Time is a time for programs and for people.
type Time struct{ Machine, Text string }

func (v *view) time(t time.Time) Time {
	return Time{t.UTC().Format(time.RFC3339), v.language.Date(t)}
}

// devices lists where the user is signed in, a page at a time. The user's own device is the
// first of the first page.
func (p *Pages) devices(r *wire.Request, v *view, after string) (list []device, next string, err error) {
	page, next, err := p.owners.Sessions.Page(r.Context(), r.Session.User.ID, r.Session.ID, after)
	if err != nil {
		return nil, "", err
	}
	if after == "" {
		own, err := p.owners.Sessions.Own(r.Context(), r.Session)
		if err != nil {
			return nil, "", err
		}
		list = append(list, v.device(own))
	}
	for _, info := range page {
		if !info.Current {
			list = append(list, v.device(info))
		}
	}
	return list, next, nil
}

func (v *view) device(info session.Info) device {
	browser, system := account.DeviceOf(info.UserAgent)
	return device{
		ID: info.ID, Name: v.deviceName(browser, system, info.UserAgent), IP: info.IP, IsPhone: strings.HasPrefix(system, "Android") || strings.HasPrefix(system, "i"),
		Since: v.time(info.CreatedAt), Seen: v.time(info.LastSeenAt), IsCurrent: info.Current,
	}
}

// deviceName names a device, such as Firefox on Windows. A program without a known name has
// the one that it gives itself, such as curl.
func (v *view) deviceName(browser, system, agent string) string {
	key := "device.both"
	switch {
	case browser == "" && system == "" && programOf(agent) != "":
		return programOf(agent)
	case browser == "" && system == "":
		key = "device.unknown"
	case browser == "" || system == "":
		return browser + system
	}
	name, err := v.T(key, "browser", browser, "system", system)
	if err != nil {
		return browser // the catalogues are checked, so this does not happen
	}
	return name
}

// programOf is the first product of a User-Agent (RFC 9110 section 10.1.5), such as curl. It
// is empty if that is no single word of at most 32 characters, and for Mozilla, which most
// browsers say.
func programOf(agent string) string {
	name, _, hasVersion := strings.Cut(agent, "/")
	isOther := func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_'
	}
	if !hasVersion || len(name) > 32 || strings.ContainsFunc(name, isOther) || name == "Mozilla" {
		return ""
	}
	return name
}
