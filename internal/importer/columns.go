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
)

// guesses are the names of columns that are plain enough to be found, the best first.
var guesses = map[field][]string{
	fieldID:       {"id", "user_id", "uid", "pk"},
	fieldEmail:    {"email", "email_address", "e_mail", "mail"},
	fieldPassword: {"password_hash", "password", "hashed_password", "pw_hash", "encrypted_password", "passwd"},
	fieldName:     {"name", "full_name", "fullname", "display_name", "username", "user_name"},
	fieldFirst:    {"first_name"},
	fieldLast:     {"last_name"},
	fieldPicture:  {"profile_pic", "avatar", "profile_picture", "profile_image", "image_file", "picture", "photo"},
	fieldCreated:  {"created_at", "date_joined", "created", "created_on", "registered_at", "joined_at"},
	fieldVerified: nil,
	fieldActive:   {"is_active", "active"},
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
		if _, known := guesses[field(name)]; !ok || !known || column == "" {
			known := slices.Sorted(maps.Keys(guesses))
			return nil, fmt.Errorf("%q is no mapping such as email=mail; there are %s", pair, joined(known))
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
type columns map[field]int

// find finds the fields among the names of columns. The error says which are missing.
func (m Mapping) find(names []string) (columns, error) {
	found := make(columns)
	for of, column := range m {
		at := indexFold(names, column)
		if at < 0 {
			return nil, fmt.Errorf("there is no column %s; there are %s", column, strings.Join(names, ", "))
		}
		found[of] = at
	}
	for of, guessed := range guesses {
		if _, isMapped := found[of]; isMapped {
			continue
		}
		for _, name := range guessed {
			if at := indexFold(names, name); at >= 0 && !found.has(at) {
				found[of] = at
				break
			}
		}
	}
	for _, of := range []field{fieldEmail, fieldPassword} {
		if _, ok := found[of]; !ok {
			return nil, fmt.Errorf("no column looks like %s; there are %s: name it with --map %[1]s=COLUMN", of, strings.Join(names, ", "))
		}
	}
	return found, nil
}

func (c columns) has(at int) bool {
	for _, taken := range c {
		if taken == at {
			return true
		}
	}
	return false
}

func indexFold(names []string, name string) int {
	return slices.IndexFunc(names, func(other string) bool { return strings.EqualFold(other, name) })
}

// describe says in words which column has what, in the order of the columns.
func (c columns) describe(names []string) string {
	var parts []string
	for i, name := range names {
		for of, at := range c {
			if at == i {
				parts = append(parts, fmt.Sprintf("%s from %s", of, name))
			}
		}
	}
	return strings.Join(parts, ", ")
}

// row makes a row from its values.
func (c columns) row(number int64, values []any) Row {
	row := Row{Number: number}
	text := func(of field) string {
		at, ok := c[of]
		if !ok {
			return ""
		}
		s, problem := textOf(values[at])
		if problem != "" && row.problem == "" {
			row.problem = fmt.Sprintf("%s: %s", of, problem)
		}
		return s
	}
	row.ID, row.Email, row.Password, row.Picture = text(fieldID), text(fieldEmail), text(fieldPassword), text(fieldPicture)
	row.Name = strings.TrimSpace(text(fieldFirst) + " " + text(fieldLast))
	if _, isSplit := c[fieldFirst]; !isSplit || row.Name == "" {
		if name := text(fieldName); name != "" {
			row.Name = name
		}
	}
	if at, ok := c[fieldCreated]; ok {
		row.CreatedAt = timeOf(values[at])
	}
	if at, ok := c[fieldVerified]; ok {
		row.IsVerified = isTrue(values[at])
	}
	if at, ok := c[fieldActive]; ok {
		row.IsSuspended = values[at] != nil && !isTrue(values[at])
	}
	return row
}
