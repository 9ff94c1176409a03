"""Brings back what users changed in Cardea: python3 back.py users.tar [--skip]

users.tar is what cardea export wrote. With --skip, users stay out whose address another row has,
or whose row may be somebody else's by now, instead of stopping everything.
"""

import hashlib
import json
import sys
import tarfile

from app import Note, User, app, db

SOURCE = "flask"  # the --source of the import


def bring_back(export, skip=False):
    with tarfile.open(export) as tar:
        users = [json.loads(line) for line in tar.extractfile("users.jsonl")]
        facts = [json.loads(line) for line in tar.extractfile("server.jsonl")]
        imports = [i for u in users for i in u["imports"]]
        imports = {i["key"]: i for i in imports + [f["deleted"] for f in facts if "deleted" in f]}
        emails = {u["id"]: u["email"] for u in users}
        came = {str(row.id): row for row in User.query if key(row.id) in imports}
        rows = {id: r for id, r in came.items() if is_same(r, imports[key(id)], emails.get(id))}
        taken = find_taken(users, rows, came.keys() - rows.keys(), skip)
        users = [u for u in users if u["id"] not in taken]
        rows = {id: row for id, row in rows.items() if id not in taken}
        delete(rows, rows.keys() - emails.keys())
        for row in rows.values():
            row.email = f"{row.id} comes back"  # unique, even if users have swapped addresses
        db.session.flush()
        users.sort(key=lambda u: key(u["id"]) not in imports)  # first those who keep their id
        for user in users:
            bring_user(tar, user, rows.get(user["id"]), key(user["id"]) in imports)
        db.session.commit()


def key(id):
    """Finds the row of an id in the imports of an export."""
    return digest(f"{SOURCE}\0id:{id}")


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def is_same(row, known, email):
    """Tells whether a row is still the user who was imported. Its id may be given again."""
    return (
        digest(row.email.strip()) == known["email"]
        or digest(row.password) == known["password"]
        or row.email == email
    )


def find_taken(users, rows, strangers, skip):
    """Finds the users who cannot come. A row may always keep its address."""
    taken = set()
    while True:
        stayed = {  # rows that did not move, or stay as they are
            row.email: row.id
            for row in User.query
            if str(row.id) not in rows or str(row.id) in taken
        }
        more = [
            u
            for u in users
            if u["id"] not in taken and (u["id"] in strangers or u["email"] in stayed)
        ]
        if not more:
            return taken
        for u in more:
            if u["id"] in strangers:
                print(f"{u['id']}: left out, the row of the table user may be somebody else's")
            else:
                row = stayed[u["email"]]
                print(f"{u['id']}: left out, row {row} of the table user has {u['email']}")
        if not skip:
            sys.exit("Nothing was changed. To leave these users out, add --skip")
        taken |= {u["id"] for u in more}


def delete(rows, gone):
    """Deletes users who deleted their account in Cardea."""
    for row in [rows.pop(id) for id in gone]:
        Note.query.filter_by(user_id=str(row.id)).delete()
        db.session.delete(row)
        if row.profile_pic:
            (app.config["UPLOAD_FOLDER"] / row.profile_pic).unlink(missing_ok=True)
        print(f"{row.id}: deleted")


def bring_user(tar, user, row, keeps_id):
    if row is None:
        row = User(id=int(user["id"]) if keeps_id else None)
        db.session.add(row)
    row.name, row.email = user["name"], user["email"]
    row.password = "" if user["suspended_at"] else user["password_hash"]  # "": no sign-in
    db.session.flush()  # a new user gets an id
    if str(row.id) != user["id"]:
        Note.query.filter_by(user_id=user["id"]).update({"user_id": row.id})
        print(f"{row.id}: new, was {user['id']} in Cardea")
    bring_picture(tar, user, row)


def bring_picture(tar, user, row):
    """Brings the picture if the user changed it. Events of imports have no address."""
    changes = ("picture_changed", "picture_removed")
    if not any(e["event"] in changes and e["ip"] for e in user["events"]):
        return
    if user["picture"] is None:
        row.profile_pic = None
        return
    row.profile_pic = f"{row.id}_{user['picture']['name']}"
    data = tar.extractfile(user["picture"]["file"]).read()
    (app.config["UPLOAD_FOLDER"] / row.profile_pic).write_bytes(data)


arguments = [argument for argument in sys.argv[1:] if argument != "--skip"]
if len(arguments) != 1:
    sys.exit(__doc__)
with app.app_context():
    bring_back(*arguments, skip="--skip" in sys.argv)
