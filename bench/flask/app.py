"""The main calls as a typical small Flask app: Flask-SQLAlchemy over SQLite, Werkzeug's password hashes and Flask's
signed session cookie. It does what a tutorial does. Pictures are stored as they are.

Run it under gunicorn as app:app. `python3 app.py seed USERS PASSWORD` fills the database and prints a cookie for each
user. The environment variable FLASK_DATA names the data folder.
"""

import os
import sys

from flask import Flask, jsonify, request, send_from_directory, session, url_for
from flask_sqlalchemy import SQLAlchemy
from werkzeug.security import check_password_hash, generate_password_hash
from werkzeug.utils import secure_filename

data = os.path.abspath(os.environ["FLASK_DATA"])
app = Flask(__name__)
app.config.update(
    SECRET_KEY="for the benchmark only",
    SQLALCHEMY_DATABASE_URI=f"sqlite:///{data}/users.db",
    UPLOAD_FOLDER=f"{data}/uploads",
)
db = SQLAlchemy(app)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(100), nullable=False)
    email = db.Column(db.String(254), unique=True, nullable=False)
    password = db.Column(db.String(255), nullable=False)
    profile_pic = db.Column(db.String(255))


os.makedirs(app.config["UPLOAD_FOLDER"], exist_ok=True)


def error(message, status):
    return jsonify({"status": "error", "message": message}), status


def current_user():
    if "email" not in session:
        return None
    return User.query.filter_by(email=session["email"]).first()


@app.post("/api/register")
def register():
    sent = request.get_json()
    if User.query.filter_by(email=sent["email"]).first():
        return error("Email already registered", 409)
    user = User(name=sent["name"], email=sent["email"], password=generate_password_hash(sent["password"]))
    db.session.add(user)
    db.session.commit()
    session["email"] = user.email
    return jsonify({"status": "success", "message": "Registration successful!"}), 201


@app.post("/api/login")
def login():
    sent = request.get_json()
    user = User.query.filter_by(email=sent.get("email")).first()
    if not user or not check_password_hash(user.password, sent.get("password")):
        return error("Invalid credentials", 401)
    session["email"] = user.email
    return jsonify({"status": "success", "message": "Login successful!"})


@app.post("/api/logout")
def logout():
    session.clear()
    return jsonify({"status": "success", "message": "Logged out"})


@app.get("/api/user")
def user():
    found = current_user()
    if not found:
        return error("Not logged in", 401)
    return jsonify({"status": "success", "user": {"name": found.name, "email": found.email}})


@app.post("/api/upload-picture")
def upload_picture():
    found = current_user()
    if not found:
        return error("Unauthorized", 401)
    file = request.files.get("profile_pic")
    if not file or file.filename == "":
        return error("No file uploaded", 400)
    found.profile_pic = f"{found.id}_{secure_filename(file.filename)}"
    file.save(os.path.join(app.config["UPLOAD_FOLDER"], found.profile_pic))
    db.session.commit()
    address = url_for("uploaded_file", filename=found.profile_pic, _external=True)
    return jsonify({"status": "success", "message": "Profile picture updated", "profile_pic_url": address})


@app.get("/uploads/<filename>")
def uploaded_file(filename):
    return send_from_directory(app.config["UPLOAD_FOLDER"], filename)


def seed(users, password):
    db.create_all()
    hashed = generate_password_hash(password)
    emails = [f"user{i:07}@example.com" for i in range(users)]
    db.session.bulk_insert_mappings(
        User, [{"name": f"User {i:07}", "email": email, "password": hashed} for i, email in enumerate(emails)]
    )
    db.session.commit()
    signer = app.session_interface.get_signing_serializer(app)
    for email in emails:
        print(signer.dumps({"email": email}))


if __name__ == "__main__":
    with app.app_context():
        seed(int(sys.argv[2]), sys.argv[3])
