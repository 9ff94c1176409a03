"""Brings back what users changed in Cardea: python3 back.py users.tar import.jsonl [--skip]

users.tar is what cardea export wrote, import.jsonl is the report of the last import. With
--skip, users whose address another row has stay out, instead of stopping everything.
"""

import json
import sys
import tarfile

from app import Note, User, app, db


def bring_back(export, report, skip=False):
    with open(report, encoding="utf-8") as lines:
        verdicts = [json.loads(line) for line in lines]
    moved = {v["id"] for v in verdicts if v["outcome"] != "rejected"}
    with tarfile.open(export) as tar:
        users = [json.loads(line) for line in tar.extractfile("users.jsonl")]
        rows = {str(row.id): row for row in User.query if str(row.id) in moved}
        taken = find_taken(users, rows, skip)
        delete(rows, moved - {u["id"] for u in users})
        users = [u for u in users if u["id"] not in taken]
        rows = {id: row for id, row in rows.items() if id not in taken}
        for row in rows.values():
            row.email = f"{row.id} comes back"  # unique, even if users have swapped addresses
        db.session.flush()
        for user in users:
            bring_user(tar, user, rows.get(user["id"]))
        db.session.commit()


def find_taken(users, rows, skip):
    """Finds the users whose address belongs to a row that did not move, or that stays as it is."""
    taken = set()
    while True:
        stayed = {
            row.email.casefold(): row.id
            for row in User.query
            if str(row.id) not in rows or str(row.id) in taken
        }
        more = [u for u in users if u["id"] not in taken and u["email"].casefold() in stayed]
        if not more:
            return taken
        for u in more:
            row = stayed[u["email"].casefold()]
            print(f"{u['id']}: left out, row {row} of the table user has {u['email']}")
        if not skip:
            sys.exit("Nothing was changed. To leave these users out, add --skip")
        taken |= {u["id"] for u in more}


def delete(rows, gone):
    """Deletes users who deleted their account in Cardea."""
    for row in [rows.pop(id) for id in gone if id in rows]:
        Note.query.filter_by(user_id=str(row.id)).delete()
        db.session.delete(row)
        if row.profile_pic:
            (app.config["UPLOAD_FOLDER"] / row.profile_pic).unlink(missing_ok=True)
        print(f"{row.id}: deleted")


def bring_user(tar, user, row):
    if row is None:
        row = User()
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
if len(arguments) != 2:
    sys.exit(__doc__)
with app.app_context():
    bring_back(*arguments, skip="--skip" in sys.argv)
