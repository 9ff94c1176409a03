"""The notebook after the move: Cardea has the accounts, Flask keeps its pages."""

from flask import Flask, redirect, request, url_for
from flask_sqlalchemy import SQLAlchemy
from markupsafe import escape

import cardea
from cardea import current_user, signed_in

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///app.db"
cardea.use_in(app)
cardea.COOKIES.append("session")  # of the app before the move, until the end date
db = SQLAlchemy(app)


class Note(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    user_id = db.Column(db.String(64), nullable=False)  # as in Cardea: "2", or "k3v9x2q7mzt4hw5e"
    text = db.Column(db.Text, nullable=False)


@app.get("/notes")
@signed_in
def notes():
    user = current_user()
    mine = Note.query.filter_by(user_id=user["id"])
    items = "".join(f"<li>{escape(note.text)}</li>" for note in mine)
    picture, name = escape(user["avatar_url"]), escape(user["name"])
    return (
        f'<img src="{picture}" alt=""><h1>Notes of {name}</h1><ul>{items}</ul>'
        '<form method="post"><input name="text"><button>Add</button></form>'
        f'<a href="{cardea.ACCOUNTS}/account">Account</a>'
    )


@app.post("/notes")
@signed_in
def add_note():
    db.session.add(Note(user_id=current_user()["id"], text=request.form["text"]))
    db.session.commit()
    return redirect(url_for("notes"))
