package apps

import (
	"testing"

	"github.com/cardea-accounts/cardea/internal/testkit"
)

// Who comes back to the Flask app is who went, whatever the last import said of the row.
func TestMoveBackToFlask(t *testing.T) {
	testkit.Long(t)
	t.Parallel()
	path := python(t, "flask_sqlalchemy")
	python(t, "argon2")
	environment, folder := commands(t), example(t, "flask")
	run := func(commands string) string {
		t.Helper()
		return shell(t, folder, environment, commands)
	}
	inApp := func(statements string) string {
		t.Helper()
		write(t, folder+"/statements.py", `
from werkzeug.security import generate_password_hash
from app import Note, User, app, db
with app.app_context():
    def row(id):
        return db.session.get(User, id)
    def add(id, email):
        db.session.add(User(id=id, name=f"User {id}", email=email, password=generate_password_hash("simplepass")))
        db.session.add(Note(user_id=id, text=f"note {id}"))
`+statements+`
    db.session.commit()
`)
		return run(path + " statements.py")
	}
	imports := "cardea import flask --from instance/app.db --apply\n"
	inApp(`
    add(1, "u1@example.com")
    add(2, "two@example.com")
    add(3, "three@example.com")
    add(4, "four@example.com")
    add(5, "U1@Example.com")
    add(6, "six@example.com")
    add(7, "seven@example.com")
    add(9, "nine@example.com")
`)
	want(t, run(imports), "7 imported, 1 rejected", "1 duplicate email")
	inApp(`
    row(2).password = ""
    row(3).email, row(3).password = "new@example.com", generate_password_hash("other password")
    row(4).email, row(4).password = "other@example.com", generate_password_hash("other password")
    db.session.delete(row(9))
`)
	want(t, run(imports), "3 rejected", "3 losing the password", "2 another user")
	want(t, run(`
printf 'another one' | cardea user set-password two@example.com
cardea user rename --name 'New name' u1@example.com
cardea user delete --yes four@example.com
cardea user set-email --email seven@example.org seven@example.com
cardea user set-email --email seven@example.com six@example.com
printf 'another one' | cardea user add --name Ten --email ten@example.com
cardea export users.tar
`), "7 users")
	want(t, run("! "+path+" back.py users.tar 2>&1"), "3: left out, the row of the table user may be somebody else's", "Nothing was changed")
	before := inApp("    print(row(1).name)")
	want(t, before, "User 1")
	back := run(path + " back.py users.tar --skip")
	want(t, back, "3: left out", "10: new, was ")
	rows := inApp(`
    for user in User.query.order_by(User.id):
        notes = [note.text for note in Note.query.filter_by(user_id=user.id)]
        print(user.id, user.email, user.name, user.password.split("$")[1:2], notes)
`)
	want(t, rows,
		"1 u1@example.com New name [", "2 two@example.com User 2 ['argon2id'] ['note 2']", "3 new@example.com User 3 [",
		"4 other@example.com User 4 [", "5 U1@Example.com User 5 [", "6 seven@example.com User 6 [", "7 seven@example.org User 7 [",
		"9 nine@example.com User 9 [", "['note 9']", "10 ten@example.com Ten ['argon2id'] []")
}
