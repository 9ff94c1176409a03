package importer

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// row makes a row from its values. names are those of the columns.
func (c columns) row(number int64, names []string, values []any) Row {
	row := Row{Number: number}
	text := func(of field) string {
		if c[of] == nil {
			return ""
		}
		s, problem := textOf(values[c[of][0]])
		if problem != "" && row.problem == "" {
			row.problem = fmt.Sprintf("%s: %s", of, problem)
		}
		return s
	}
	name := func(of field) string {
		if c[of] == nil {
			return ""
		}
		s, isWhole := nameText(values[c[of][0]])
		row.isNameCut = row.isNameCut || !isWhole
		return s
	}
	row.ID, row.Email, row.Password = strings.TrimSpace(text(fieldID)), text(fieldEmail), text(fieldPassword)
	row.Name = strings.TrimSpace(name(fieldFirst) + " " + name(fieldLast))
	if whole := name(fieldName); whole != "" && (c[fieldFirst] == nil || row.Name == "") {
		row.Name = whole
	}
	if at := c[fieldPicture]; at != nil {
		row.hasPictures = true
		var problem string
		row.Picture, problem = textOf(values[at[0]])
		row.isBadPicture = problem != ""
	}
	c.times(&row, names, values)
	return row
}

// verdict begins the verdict of a row with what is known before it is judged.
func (row Row) verdict() Verdict {
	v := Verdict{Row: row.Number, ID: row.ID, Email: row.Email, Unclear: row.unclear}
	if slices.Contains(row.unclear, fieldActive) || slices.Contains(row.unclear, fieldSuspended) {
		v.Reason = "unclear_suspension"
		v.Message = "it cannot be read whether the user is suspended there, so the user is suspended here"
	}
	if name := strings.TrimSpace(row.Name); row.isNameCut || name != "" && mended(name) != norm.NFC.String(name) {
		v.Changed = append(v.Changed, fieldName)
	}
	return v
}

// times reads the values that are truths or times. One that cannot be read counts as none, but
// in doubt a user is suspended.
func (c columns) times(row *Row, names []string, values []any) {
	if at := c[fieldCreated]; at != nil {
		row.CreatedAt = timeOf(values[at[0]])
		if row.CreatedAt.IsZero() && lowerText(values[at[0]]) != "" {
			row.unclear = append(row.unclear, fieldCreated)
		}
	}
	unclear := func(of field, what truth) {
		if what == isUnclear && !slices.Contains(row.unclear, of) {
			row.unclear = append(row.unclear, of)
		}
	}
	if at := c[fieldVerified]; at != nil {
		what, _ := truthOf(values[at[0]])
		unclear(fieldVerified, what)
		row.IsVerified = what == isTrue || what == isTime
	}
	if at := c[fieldActive]; at != nil {
		what, _ := truthOf(values[at[0]])
		unclear(fieldActive, what)
		row.IsSuspended = what == isFalse || what == isUnclear
	}
	for _, at := range c[fieldSuspended] {
		if lowerText(values[at]) == "infinity" {
			row.IsSuspended = true
			continue
		}
		what, time := truthOf(values[at])
		unclear(fieldSuspended, what)
		switch {
		case what == isTrue, what == isUnclear:
			row.IsSuspended = true
		case what == isTime && strings.HasSuffix(folded(names[at]), "_until"):
			if time.After(row.SuspendedUntil) {
				row.SuspendedUntil = time
			}
		case what == isTime:
			if row.SuspendedFrom.IsZero() || time.Before(row.SuspendedFrom) {
				row.SuspendedFrom = time
			}
		}
	}
}
