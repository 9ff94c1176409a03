package importer

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Columns with plain names are found. Others have to be named.
func TestColumns(t *testing.T) {
	for _, c := range []struct {
		names, mapping string
		want           string // what is found, or a part of the error
	}{
		{"id,name,email,password,profile_pic", "", "id from id, name from name, email from email, password from password, picture from profile_pic"},
		{"ID,Username,Email,password_hash", "", "id from ID, name from Username, email from Email, password from password_hash"},
		{"id,first_name,last_name,email,password,is_active,date_joined", "",
			"id from id, first_name from first_name, last_name from last_name, email from email, password from password, active from is_active, created from date_joined"},
		{"uid,login,secret", "email=login,password=secret", "id from uid, email from login, password from secret"},
		{"id,email,password,confirmed", "", "id from id, email from email, password from password"},
		{"id,email,password,confirmed", "verified=confirmed", "id from id, email from email, password from password, verified from confirmed"},
		{"Id,E-Mail,Password Hash,deleted_at,banned_until", "",
			"id from Id, email from E-Mail, password from Password Hash, suspended from deleted_at, suspended from banned_until"},
		{"user_pk,email,password", "", "id from user_pk, email from email, password from password"},
		{"number,email,password", "", "email from email, password from password"},
		{"id,email,password", "active=id", "active from id, id from id, email from email, password from password"},
		{"id,username,password", "email=username", "id from id, email from username, password from password"}, // no name, which all can see
		{"id,email", "", "no column looks like password"},
		{"id,email,password", "name=nick", "there is no column nick"},
	} {
		mapping, err := ParseMapping(c.mapping)
		if err != nil {
			t.Fatal(err)
		}
		names := strings.Split(c.names, ",")
		found, err := mapping.find(names)
		if err != nil {
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v", c.names, err)
			}
			continue
		}
		if got := found.describe(names); got.Used != c.want || got.HasIDs != strings.Contains(c.want, "id from") {
			t.Errorf("%s: %+v", c.names, got)
		}
	}
	for wrong, want := range map[string]string{
		"email": "no mapping", "email=": "no mapping", "mail=address": "no mapping", "mail=email": "as in email=mail", "email=a,email=b": "choose one",
	} {
		if _, err := ParseMapping(wrong); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

// Times have many forms. One that cannot be read is none.
func TestTimes(t *testing.T) {
	want := time.Date(2024, 3, 2, 1, 4, 5, 0, time.UTC)
	for _, value := range []any{
		want, "2024-03-02 01:04:05", "2024-03-02 01:04:05.000000", "2024-03-02T01:04:05Z", "2024-03-02 03:04:05+02:00", "2024-03-02 03:04:05+02",
		"2024-03-02 01:04:05 UTC", "2024-03-01 20:04:05-0500", "2024-03-01 20:04:05 -0500", "2024-03-02T01:04:05+0000", "2024-03-02 01:04:05 +0000 UTC",
		"Sat, 02 Mar 2024 01:04:05 GMT", "Sat, 2 Mar 2024 02:04:05 +0100", "20240302010405", int64(20240302010405),
		"2024-03-02T01:04:05", want.Unix(), float64(want.Unix()), want.UnixMilli(), want.UnixMicro(), []byte("2024-03-02 01:04:05"),
	} {
		if got := timeOf(value); !got.Equal(want) {
			t.Errorf("%v: %v", value, got)
		}
	}
	for _, value := range []any{"20240302", int64(20240302)} { // a day, and no second of 1970
		if got := timeOf(value); !got.Equal(want.Truncate(24 * time.Hour)) {
			t.Errorf("%v: %v", value, got)
		}
		if what, _ := truthOf(value); what != isTime {
			t.Errorf("%v: %d", value, what)
		}
	}
	for _, value := range []any{nil, "", "yesterday", "Sat, 02 Mar 2024 01:04:05 EST", int64(0), int64(-5), "0000-00-00 00:00:00"} {
		if got := timeOf(value); !got.IsZero() {
			t.Errorf("%v: %v", value, got)
		}
	}
}

// A name that a registration would refuse is mended.
func TestNames(t *testing.T) {
	for name, want := range map[string]string{
		"Ada": "Ada", "  Ada\tLove\nlace ": "Ada Love lace", "": "ada", "\u200b": "ada", "Ada\x00\x1b[31m": "Ada[31m",
		strings.Repeat("ä", 150): strings.Repeat("ä", 100), "\xff\xfe": "ada",
	} {
		if got := nameOf(name, "ada@example.com"); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

// CSV files come from many programs.
func TestCSV(t *testing.T) {
	for name, text := range map[string]string{
		"commas":     "id,email,password\n1,ada@example.com,x\n2,\"bob, jr@example.com\",y\n3,short\n",
		"semicolons": "id;email;password\r\n1;ada@example.com;x\r\n2;bob, jr@example.com;y\r\n3;short\r\n",
		"tabs, BOM":  "\xef\xbb\xbfid\temail\tpassword\n1\tada@example.com\tx\n2\tbob, jr@example.com\ty\n3\tshort\n",
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "users.csv")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			source, err := OpenCSV(file, "csv", nil)
			if err != nil {
				t.Fatal(err)
			}
			defer source.Close() //nolint:errcheck // it was only read
			if n, err := source.Count(t.Context()); n != 3 || err != nil {
				t.Errorf("%d rows, %v", n, err)
			}
			var rows []Row
			if err := source.Each(t.Context(), func(row Row) error { rows = append(rows, row); return nil }); err != nil {
				t.Fatal(err)
			}
			if rows[0].ID != "1" || rows[0].Email != "ada@example.com" || rows[1].Email != "bob, jr@example.com" || rows[1].Password != "y" || rows[2].problem == "" {
				t.Errorf("%+v", rows)
			}
		})
	}
}

// NULL and \N are no value, and ids that pandas wrote as decimals are whole numbers.
func TestCSVValues(t *testing.T) {
	file := filepath.Join(t.TempDir(), "users.csv")
	if err := os.WriteFile(file, []byte("id,email,password,name,avatar\n1.0,a@example.com,NULL,NULL,\\N\n1.5,b@example.com,x,Null,null.png\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	source, err := OpenCSV(file, "csv", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close() //nolint:errcheck // it was only read
	var got []string
	if err := source.Each(t.Context(), func(row Row) error {
		got = append(got, strings.Join([]string{row.ID, row.Password, row.Name, row.Picture}, ","))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"1,,,", "1.5,x,Null,null.png"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// A file that is not UTF-8 is refused, so that no letter is lost.
func TestEncodings(t *testing.T) {
	const text = "id,email,password,name\n1,a@example.com,x,Zo"
	wide := "\xff\xfe" + strings.Join(strings.Split(text, ""), "\x00") + "\x00"
	for name, c := range map[string]struct{ text, want string }{
		"UTF-8": {text + "ë\n", ""}, "UTF-8 with U+FFFD": {text + "\ufffd\n", ""}, "Latin-1": {text + "\xeb\n", "line 2 is not in UTF-8"},
		"UTF-16": {wide, "utf-16"}, "UTF-16 without a mark": {wide[2:], "utf-16"}, "big-endian": {"\xfe\xff\x00i", "utf-16"},
	} {
		file := filepath.Join(t.TempDir(), "users.csv")
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		source, err := OpenCSV(file, "csv", nil)
		if c.want == "" && err == nil {
			_ = source.Close()
			continue
		}
		if c.want == "" || err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "iconv -f") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A stray quote spoils its line only. A value may have several lines.
func TestQuotes(t *testing.T) {
	text := "id,email,password,name\n1,a@example.com,x,5\" disk\n2,b@example.com,y,\"open\n3,c@example.com,z,\"two\nlines, \"\"quoted\"\"\"\n4," +
		strings.Repeat("e", maxLine) + ",z,\n5,e@example.com,z,E\n"
	file := filepath.Join(t.TempDir(), "users.csv")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	source, err := OpenCSV(file, "csv", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close() //nolint:errcheck // it was only read
	var got []string
	if err := source.Each(t.Context(), func(row Row) error {
		got = append(got, row.ID+" "+row.Name)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"1 5\" disk", "2 open\n", "3 two\nlines, \"quoted\"", " ", "5 E"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// Without a line of names, no value of a user is shown.
func TestNoHeader(t *testing.T) {
	file := filepath.Join(t.TempDir(), "users.csv")
	if err := os.WriteFile(file, []byte("1,ada@example.com,pbkdf2:sha256:1000$salt$5ec2e7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenCSV(file, "csv", nil); err == nil || !strings.Contains(err.Error(), "does not name the columns") || strings.Contains(err.Error(), "5ec2e7") {
		t.Error(err)
	}
}

// Databases are found by the addresses of SQLAlchemy, too. No error shows a password.
func TestLocations(t *testing.T) {
	for from, want := range map[string]string{
		"app.db": "sqlite app.db", "sqlite:///instance/app.db": "sqlite instance/app.db", "sqlite:////srv/app.db?timeout=5": "sqlite /srv/app.db",
		"postgresql+psycopg2://app@host/app": "postgres postgresql://app@host/app", "postgres://app@host/app": "postgres postgres://app@host/app",
	} {
		if kind, place, err := location(from); kind+" "+place != want || err != nil {
			t.Errorf("%s: %s %s %v", from, kind, place, err)
		}
	}
	if _, _, err := location("mysql+pymysql://app:hunter2@host/app"); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
}

// A query may end as in a file of queries.
func TestEndsOfQueries(t *testing.T) {
	for query, want := range map[string]string{
		"SELECT 1;": "SELECT 1\n", "SELECT 1 ; -- all": "SELECT 1\n", "SELECT 1 /* all */ ;\n": "SELECT 1\n", "SELECT 'a -- b'": "SELECT 'a -- b'\n",
	} {
		if got := withoutEnd(query); got != want {
			t.Errorf("%q: %q", query, got)
		}
	}
}
