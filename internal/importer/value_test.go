package importer

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// Only a known word, a number or a valid date counts as true. What cannot be read is said.
func TestTruths(t *testing.T) {
	for value, want := range map[any]truth{
		true: isTrue, int64(1): isTrue, "t": isTrue, "Yes": isTrue, "2": isTrue, "2024-03-02 01:04:05": isTime, "1709341445": isTime,
		false: isFalse, int64(0): isFalse, "0.0": isFalse, "off": isFalse,
		nil: noTruth, "": noTruth, " ": noTruth, `\N`: noTruth, "NULL": noTruth, "-infinity": noTruth, "0000-00-00 00:00:00": noTruth,
		"pending": isUnclear, "unverified": isUnclear, "NaN": isUnclear, time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC): isUnclear,
	} {
		if got, _ := truthOf(value); got != want {
			t.Errorf("%v: %d, want %d", value, got, want)
		}
	}
}

// Users are suspended by the columns that apps have for that, if they are in force.
func TestSuspendedColumns(t *testing.T) {
	now := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	r := &run{Importer: &Importer{now: func() time.Time { return now }}}
	for _, c := range []struct {
		column string
		value  any
		want   bool
	}{
		{"is_active", int64(0), true}, {"is_active", "", false}, {"is_active", `\N`, false}, {"is_active", "NULL", false}, {"active", "false", true},
		{"disabled", int64(1), true}, {"disabled", int64(0), false}, {"deleted_at", "2024-01-01", true}, {"deleted_at", nil, false},
		{"deleted_at", "2030-01-01", false}, {"locked_at", "2024-01-01 00:00:00", true},
		{"is_active", "inactive", true}, {"is_active", []byte{0}, true}, {"is_active", []byte{1}, false}, {"is_active", "\xff", true},
		{"banned", "spam", true}, {"banned", strings.Repeat("x", maxValue+1), true}, {"locked_until", "forever", true}, {"deleted_at", "last week", true},
		{"banned_until", "2030-01-01", true}, {"banned_until", "2024-01-01", false}, {"banned_until", "infinity", true},
	} {
		names := []string{"email", "password", c.column}
		found, err := Mapping(nil).find(names)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.isSuspended(found.row(1, names, []any{"a@example.com", "x", c.value})); got != c.want {
			t.Errorf("%s %v: %v", c.column, c.value, got)
		}
	}
}

// It is said of a row that a suspension cannot be read, and of any other value that cannot be.
func TestUnclear(t *testing.T) {
	names := []string{"email", "password", "is_active", "banned", "locked_until", "created_at"}
	found, err := Mapping(nil).find(names)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		values []any
		want   string
	}{
		{[]any{"1", "0", nil, "2024-01-02"}, " []"},
		{[]any{"1", "0", nil, "soon"}, " [created]"},
		{[]any{"inactive", "spam", "forever", ""}, "unclear_suspension [active suspended]"},
	} {
		v := found.row(1, names, append([]any{"a@example.com", "x"}, c.values...)).verdict()
		if got := fmt.Sprint(v.Reason, " ", v.Unclear); got != c.want {
			t.Errorf("%v: %s", c.values, got)
		}
	}
}

// A large id that a database has as a decimal stays a whole number.
func TestDecimalIDs(t *testing.T) {
	if got, problem := textOf(float64(12345678)); got != "12345678" || problem != "" {
		t.Error(got, problem)
	}
}

// A name or a picture that cannot be read does not reject the user.
func TestBadCells(t *testing.T) {
	names := []string{"id", "email", "password", "name", "avatar", "created_at"}
	found, err := Mapping(nil).find(names)
	if err != nil {
		t.Fatal(err)
	}
	row := found.row(1, names, []any{"2   ", "a@example.com", "x", strings.Repeat("n", 9000), strings.Repeat("p", 9000), "soon"})
	if row.problem != "" || row.Name == "" || row.Picture != "" || !row.isBadPicture || row.ID != "2" || len(row.unclear) != 1 ||
		!slices.Equal(row.verdict().Changed, []field{fieldName}) {
		t.Errorf("%+v", row)
	}
	if row := found.row(1, names, []any{"2", "a@example.com", "x", "Zo\xff\xfe", "\xff", `\N`}); row.problem != "" || row.Name != "Zo" || len(row.unclear) != 0 || row.verdict().Changed == nil {
		t.Errorf("%+v", row)
	}
	for name, isChanged := range map[string]bool{" Ada  ": false, "": false, strings.Repeat("n", 101): true, "A\x1bda": true, "\u200b": true, "Zoe\u0308": false} {
		if row := found.row(1, names, []any{"2", "a@example.com", "x", name, nil, nil}); (row.verdict().Changed != nil) != isChanged {
			t.Errorf("%q: %v", name, row.verdict().Changed)
		}
	}
}
