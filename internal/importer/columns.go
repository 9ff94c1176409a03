package importer

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// field is what a column has.
type field string

const (
	fieldID       field = "id"
	fieldEmail    field = "email"
	fieldPassword field = "password"
	fieldName     field = "name"
	fieldFirst    field = "first_name"
	fieldLast     field = "last_name"
	fieldPicture  field = "picture"
	fieldCreated  field = "created"
	fieldVerified field = "verified" // never guessed: operators have to trust it
	fieldActive   field = "active"
	// fieldSuspended is the contrary of active, or the time from which or until which a user is
	// suspended. All columns with such a name count.
	fieldSuspended field = "suspended"
)

// guesses are the names of columns that are plain enough to be found, the best first.
var guesses = map[field][]string{
	fieldID:       {"id", "user_id", "userid", "user_pk", "uid", "pk"},
	fieldEmail:    {"email", "email_address", "e_mail", "mail"},
	fieldPassword: {"password_hash", "password", "hashed_password", "pw_hash", "encrypted_password", "passwd"},
	fieldName:     {"name", "full_name", "fullname", "display_name", "username", "user_name"},
	fieldFirst:    {"first_name"},
	fieldLast:     {"last_name"},
	fieldPicture:  {"profile_pic", "avatar", "profile_picture", "profile_image", "image_file", "picture", "photo"},
	fieldCreated:  {"created_at", "date_joined", "created", "created_on", "registered_at", "joined_at"},
	fieldVerified: nil,
	fieldActive:   {"is_active", "active"},
	fieldSuspended: {
		"suspended", "is_suspended", "suspended_at", "suspended_until", "disabled", "is_disabled", "disabled_at", "banned", "is_banned", "banned_at",
		"banned_until", "blocked", "is_blocked", "blocked_at", "blocked_until", "locked", "is_locked", "locked_at", "locked_until",
		"deleted", "is_deleted", "deleted_at", "deactivated_at",
	},
}

// Mapping says which column has what, beyond what is found by itself: email to mail.
type Mapping map[field]string

// ParseMapping reads "email=mail,name=login".
func ParseMapping(text string) (Mapping, error) {
	m := make(Mapping)
	if text == "" {
		return m, nil
	}
	for pair := range strings.SplitSeq(text, ",") {
		name, column, ok := strings.Cut(strings.TrimSpace(pair), "=")
		_, isField := guesses[field(name)]
		_, isSwapped := guesses[field(column)]
		switch {
		case ok && !isField && isSwapped:
			return nil, fmt.Errorf("the sides of %q are swapped: the field comes first, then the column, as in %s=%s", pair, column, name)
		case !ok || !isField || column == "":
			known := slices.Sorted(maps.Keys(guesses))
			return nil, fmt.Errorf("%q is no mapping such as email=mail; there are %s", pair, joined(known))
		case m[field(name)] != "":
			return nil, fmt.Errorf("%s is mapped to %s and to %s: choose one column", name, m[field(name)], column)
		}
		m[field(name)] = column
	}
	return m, nil
}

func joined[T ~string](names []T) string {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = string(name)
	}
	return strings.Join(texts, ", ")
}

// columns says where in a row each field is.
type columns map[field][]int

// find finds the fields among the names of columns. The error says which are missing.
func (m Mapping) find(names []string) (columns, error) {
	found := make(columns)
	for of, column := range m {
		at := indexFold(names, column)
		if at < 0 {
			return nil, fmt.Errorf("there is no column %s%s", column, thereAre(names))
		}
		found[of] = []int{at}
	}
	for of, guessed := range guesses {
		if found[of] != nil {
			continue
		}
		for _, name := range guessed {
			at := indexFold(names, name)
			isShared := of == fieldID || of == fieldEmail // another field that is mapped may have the same column
			if at >= 0 && (isShared || !found.has(at)) {
				if found[of] = append(found[of], at); of != fieldSuspended {
					break
				}
			}
		}
	}
	for _, of := range []field{fieldEmail, fieldPassword} {
		if found[of] == nil {
			return nil, fmt.Errorf("no column looks like %s%s: name it with --map %[1]s=COLUMN", of, thereAre(names))
		}
	}
	return found, nil
}

// thereAre lists names; nothing without any.
func thereAre(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "; there are " + strings.Join(names, ", ")
}

func (c columns) has(at int) bool {
	for _, taken := range c {
		if slices.Contains(taken, at) {
			return true
		}
	}
	return false
}

// folded makes names equal that differ only in capitals, spaces and hyphens, such as E-Mail
// and e_mail.
func folded(name string) string {
	return strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(strings.TrimSpace(name)))
}

func indexFold(names []string, name string) int {
	return slices.IndexFunc(names, func(other string) bool { return folded(other) == folded(name) })
}

// Found says in words what was found in a source.
type Found struct {
	Table        string // the table, and others that look like users; empty: the source has no tables
	Used, Unused string // columns
	HasIDs       bool   // false: users get new ids
}

// describe says which column has what, in the order of the columns, and which are not used.
func (c columns) describe(names []string) Found {
	var parts, rest []string
	for i, name := range names {
		if !c.has(i) {
			rest = append(rest, name)
		}
		for _, of := range slices.Sorted(maps.Keys(c)) {
			if at := c[of]; slices.Contains(at, i) {
				parts = append(parts, fmt.Sprintf("%s from %s", of, name))
			}
		}
	}
	return Found{Used: strings.Join(parts, ", "), Unused: strings.Join(rest, ", "), HasIDs: c[fieldID] != nil}
}
