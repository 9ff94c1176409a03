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
		if got, _ := found.describe(names); got != c.want {
			t.Errorf("%s: %s", c.names, got)
		}
	}
	for _, wrong := range []string{"email", "mail=email", "email="} {
		if _, err := ParseMapping(wrong); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
}

// Times have many forms. One that cannot be read is none.
func TestTimes(t *testing.T) {
	want := time.Date(2024, 3, 2, 1, 4, 5, 0, time.UTC)
	for _, value := range []any{
		want, "2024-03-02 01:04:05", "2024-03-02 01:04:05.000000", "2024-03-02T01:04:05Z", "2024-03-02 03:04:05+02:00", "2024-03-02 03:04:05+02",
		"2024-03-02T01:04:05", want.Unix(), float64(want.Unix()), want.UnixMilli(), want.UnixMicro(), []byte("2024-03-02 01:04:05"),
	} {
		if got := timeOf(value); !got.Equal(want) {
			t.Errorf("%v: %v", value, got)
		}
	}
	for _, value := range []any{nil, "", "yesterday", int64(0), int64(-5), "0000-00-00 00:00:00"} {
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
