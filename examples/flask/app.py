"""A notebook, before the move to Cardea: Flask has the accounts."""

import os
from pathlib import Path

from flask import Flask, abort, jsonify, redirect, request, send_from_directory, session, url_for
from flask_sqlalchemy import SQLAlchemy
from markupsafe import escape
from sqlalchemy.exc import IntegrityError
from werkzeug.security import generate_password_hash
from werkzeug.utils import secure_filename

from passwords import is_password

app = Flask(__name__)
app.config.update(
    SECRET_KEY=os.environ.get("SECRET_KEY", "only for a first look"),
    SESSION_COOKIE_SAMESITE="Lax",
    SQLALCHEMY_DATABASE_URI="sqlite:///app.db",  # in the folder instance
    UPLOAD_FOLDER=Path(app.root_path, "uploads"),
    MAX_CONTENT_LENGTH=10 * 1024 * 1024,
)
db = SQLAlchemy(app)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(100), nullable=False)
    email = db.Column(db.String(254), unique=True, nullable=False)
    password = db.Column(db.String(255), nullable=False)
    profile_pic = db.Column(db.String(255))


class Note(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    user_id = db.Column(db.Integer, db.ForeignKey("user.id"), nullable=False)
    text = db.Column(db.Text, nullable=False)


with app.app_context():
    db.create_all()
    app.config["UPLOAD_FOLDER"].mkdir(exist_ok=True)


def success(message, status=200, **more):
    return jsonify(status="success", message=message, **more), status


def error(message, status):
    return jsonify(status="error", message=message), status


def current_user():
    if "email" not in session:
        return None
    return User.query.filter_by(email=session["email"]).first()


@app.post("/api/register")
def register():
    data = request.get_json()
    name, email, password = (str(data.get(key, "")) for key in ("name", "email", "password"))
    if not name or "@" not in email or len(password) < 8:
        return error("Name, e-mail and a password of 8 characters are needed", 400)
    db.session.add(User(name=name, email=email, password=generate_password_hash(password)))
    try:
        db.session.commit()
    except IntegrityError:
        return error("This e-mail is taken", 409)
    session["email"] = email
    return success("Registration successful!", 201)


@app.post("/api/login")
def login():
    data = request.get_json()
    user = User.query.filter_by(email=data.get("email")).first()
    if not user or not is_password(user.password, str(data.get("password", ""))):
        return error("Invalid credentials", 401)
    session["email"] = user.email
    return success("Login successful!")


@app.post("/api/logout")
def logout():
    session.clear()
    return success("Logged out")


@app.get("/api/user")
def user_details():
    user = current_user()
    if not user:
        return error("Not logged in", 401)
    return jsonify(status="success", user={"name": user.name, "email": user.email})


@app.post("/api/upload-picture")
def upload_picture():
    user = current_user()
    if not user:
        return error("Unauthorized", 401)
    file = request.files.get("profile_pic")
    if not file or not file.filename:
        return error("No file uploaded", 400)
    name = secure_filename(file.filename)
    if Path(name).suffix.lower() not in {".png", ".jpg", ".jpeg", ".gif", ".webp"}:
        return error("Invalid file type", 400)
    user.profile_pic = f"{user.id}_{name}"
    file.save(app.config["UPLOAD_FOLDER"] / user.profile_pic)
    db.session.commit()
    url = url_for("uploaded_file", name=user.profile_pic, _external=True)
    return success("Profile picture updated", profile_pic_url=url)


@app.get("/uploads/<name>")
def uploaded_file(name):
    return send_from_directory(app.config["UPLOAD_FOLDER"], name)


@app.get("/notes")
def notes():
    user = current_user()
    if not user:
        abort(401)
    mine = Note.query.filter_by(user_id=user.id)
    items = "".join(f"<li>{escape(note.text)}</li>" for note in mine)
    picture = url_for("uploaded_file", name=user.profile_pic) if user.profile_pic else ""
    return (
        f'<img src="{escape(picture)}" alt=""><h1>Notes of {escape(user.name)}</h1><ul>{items}</ul>'
        '<form method="post"><input name="text"><button>Add</button></form>'
    )


@app.post("/notes")
def add_note():
    user = current_user()
    if not user:
        abort(401)
    db.session.add(Note(user_id=user.id, text=request.form["text"]))
    db.session.commit()
    return redirect(url_for("notes"))
