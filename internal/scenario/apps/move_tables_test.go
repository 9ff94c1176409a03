package apps

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// djangoUsers makes the database of a Django project by Django's own migrations.
const djangoUsers = `
import django
from django.conf import settings
from django.core.management import call_command
settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"], USE_TZ=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}},
)
django.setup()
call_command("migrate", verbosity=0)
from django.contrib.auth.models import User
User.objects.create_superuser("root", "Root@example.com", "simplepass")
User.objects.create_user("ada", "ada@example.com", "simplepass", first_name="Ada", last_name="Lovelace")
User.objects.create_user("gone", "gone@example.com", "simplepass", is_active=False)
User.objects.create_user("nobody")
`

// Users of a real Django project come by the commands of docs/from-django.md.
func TestMoveFromDjango(t *testing.T) {
	t.Parallel()
	path, folder, environment := python(t, "django"), t.TempDir(), commands(t)
	shell(t, folder, environment, path+" -c '"+djangoUsers+"'")
	tells := []string{"Table: auth_user (rows: 4).", "active from is_active", "1 rejected.", "Password hashes: 3 django-pbkdf2.", "1 no email"}
	want(t, shell(t, folder, environment, block(t, "from-django.md", "--report import.jsonl\n")), append(tells, "4 rows: 3 would be imported", "nothing was changed")...)
	want(t, shell(t, folder, environment, block(t, "from-django.md", "--report import.jsonl --apply\n")), append(tells, "4 rows: 3 imported")...)
	server := testkit.Start(t, testkit.On(filepath.Join(folder, "cardea-data")))
	for email, id := range map[string]string{"root@example.com": "1", "ada@example.com": "2"} {
		if u := server.Login(t, email).User(); u.ID != id || id == "2" && u.Name != "Ada Lovelace" {
			t.Errorf("the user is %+v", u)
		}
	}
	server.NewClient(t).Post("/api/login", testkit.Credentials("gone@example.com", "simplepass")).WantError(403, "suspended")
}

// Users come from a CSV file, a query and Firebase by the commands of docs/from-any-table.md.
func TestMoveFromAnyTable(t *testing.T) {
	t.Parallel()
	const page = "from-any-table.md"
	program(t, "jq", "jq")
	folder, environment := t.TempDir(), commands(t)
	put := func(file, text string) { write(t, filepath.Join(folder, file), text) }
	run := func(text string) string { return shell(t, folder, environment, block(t, page, text)) }

	_, users, _ := strings.Cut(document(t, page), "\n\n```\n")
	users, _, _ = strings.Cut(users, "```")
	put("users.csv", users)
	want(t, run("users.csv --report import.jsonl\n"), "1 row: 1 would be imported.", "1 bcrypt", "nothing was changed")
	want(t, run("users.csv --report import.jsonl --apply\n"), "1 row: 1 imported.")

	put("members.csv", "id;login;secret;confirmed_at\n5;ada@example.com;sha1$x$"+strings.Repeat("0", 40)+";2024-03-02\n")
	want(t, run("members.csv"), "verified from confirmed_at", "1 row: 1 gone, 1 would be imported.", "1 salted-digest") // the user of users.csv

	shell(t, folder, environment, `/usr/bin/python3 -c 'import sqlite3
db = sqlite3.connect("app.db")
db.executescript("""CREATE TABLE member (id INTEGER, login TEXT, secret TEXT); CREATE TABLE profile (member_id INTEGER, nick TEXT);
	INSERT INTO member VALUES (7, "bob@example.com", "md5$x$`+strings.Repeat("0", 32)+`"); INSERT INTO profile VALUES (7, "Bob")""")'`)
	want(t, run("LEFT JOIN"), "name from name", "1 row: 1 would be imported.")

	// The user of https://github.com/firebase/scrypt.
	put("users.json", `{"users": [{"localId": "aB3dE5", "email": "eve@example.com", "emailVerified": true, "displayName": "Eve, \"E\"",
		"createdAt": "1483490000000", "salt": "42xEC+ixf3L2lw==",
		"passwordHash": "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=="},
		{"localId": "x", "email": "x@example.com", "emailVerified": true, "createdAt": "1483490000000"}]}`)
	environment = append(environment, "SALT_SEPARATOR=Bw==",
		"SIGNER_KEY=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==")
	want(t, run("jq -r"), "2 rows: 1 gone, 1 imported, 1 rejected.", "1 firebase-scrypt", "1 no password")

	server := testkit.Start(t, testkit.On(filepath.Join(folder, "cardea-data")))
	if u := server.Login(t, "zoe@example.com").User(); u.ID != "2" || u.Name != "Zoe" {
		t.Errorf("the user is %+v", u)
	}
	eve := server.NewClient(t)
	eve.Post("/api/login", testkit.Credentials("eve@example.com", "user1password")).Want(200)
	if u := eve.User(); u.ID != "aB3dE5" || u.Name != `Eve, "E"` || !u.EmailVerified {
		t.Errorf("the user is %+v", u)
	}
}
