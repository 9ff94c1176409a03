#!/usr/bin/env python3
"""Writes vectors.json: session cookies that the real Flask and Flask-Login make.

Debian: apt-get install python3-flask python3-flask-login, then /usr/bin/python3 vectors.py
"""
import datetime
import hashlib
import json
import os
import time
import uuid

import flask
import flask_login
from itsdangerous import URLSafeSerializer, URLSafeTimedSerializer
from markupsafe import Markup

ISSUED = 1800000000  # 2027-01-15 08:00:00 UTC
KEY = "the secret key of the example app"
vectors = []


def issue(values, key=KEY, issued=ISSUED, login=None):
    """Returns the session cookie of an app that sets these values, at a time."""
    app = flask.Flask("vectors")
    app.secret_key = key
    manager = flask_login.LoginManager(app)
    manager.user_loader(lambda name: None)

    @app.route("/")
    def index():
        flask.session.update(values)
        if login is not None:
            user = flask_login.UserMixin()
            user.id = login
            flask_login.login_user(user)
        return ""

    time.time = lambda: issued
    cookie = app.test_client().get("/").headers["Set-Cookie"]
    return cookie.split(";")[0].removeprefix("session=")


def add(what, cookie, id="", email="", issued=ISSUED, keys=KEY, error=""):
    vectors.append(dict(what=what, keys=keys, cookie=cookie, issued=issued, id=id, email=email, error=error))


long_text = "a word that repeats " * 150
plain = issue({"email": "ada@example.com"})
add("email", plain, email="ada@example.com")
add("email beyond ASCII", issue({"email": "Zoë@exämple.com"}), email="Zoë@exämple.com")
add("user_id, a number", issue({"user_id": 2}), id="2")
add("user_id, a text", issue({"user_id": "k3v9x2q7mzt4hw5e"}), id="k3v9x2q7mzt4hw5e")
uid = uuid.UUID("12345678-9abc-def0-1234-56789abcdef0")
add("user_id, a UUID", issue({"user_id": uid}), id=str(uid))
add("user_id before email", issue({"email": "ada@example.com", "user_id": 2}), id="2")
add("Flask-Login", issue({}, login=2), id="2")
add("Flask-Login, an address as id", issue({}, login="ada@example.com"), email="ada@example.com")
add("Flask-Login, not fresh", issue({"_user_id": "2", "_fresh": False, "_id": "0" * 128}), id="2")
add("compressed", issue({"email": "ada@example.com", "text": long_text}), email="ada@example.com")
tags = dict(t=(1, ("a", 2)), u=uid, d=datetime.datetime(2027, 1, 15, tzinfo=datetime.timezone.utc), b=b"\x00\xff",
            m=Markup("<b>"), di={" t": [1]}, l=[{"x": [(), None, True, 1.5]}])
add("every tag", issue({"email": Markup("ada@example.com"), **tags}), email="ada@example.com")
add("nobody", issue({"cart": [1, 2]}), error="nobody")
add("user_id of another type", issue({"user_id": [2]}), error="nobody")
add("flag, not id", issue({"user_id": True}), error="nobody")
add("negative", issue({"user_id": -1}), error="nobody")
add("email that is none", issue({"email": "ada"}), error="nobody")
add("fraction", issue({"user_id": 2.5}), error="nobody")
add("deep", issue({"email": "ada@example.com", "x": json.loads("[" * 300 + "]" * 300)}), error="nobody")
add("bomb", issue({"email": "ada@example.com", "x": "a" * 1_000_000}), error="nobody")
add("bytes as key", issue({"user_id": 2}, key=b"\x00\xff\n and more than sixteen bytes"), id="2",
    keys="hex:" + b"\x00\xff\n and more than sixteen bytes".hex())
add("rotated, signed by the old key", plain, email="ada@example.com", keys="a newer key of the app\n\n" + KEY + "\n")
add("rotated, signed by the new key", plain, email="ada@example.com", keys=KEY + "\r\nan older key of the app\r\n")
# What itsdangerous before 1.0 wrote: seconds since 2011.
add("old itsdangerous", issue({"user_id": 2}, issued=ISSUED - 1293840000), id="2")

add("another key", plain, keys="another key of another app", error="forged")
add("key without its last letter", plain, keys=KEY[:-1], error="forged")


session_kind = dict(serializer=flask.sessions.TaggedJSONSerializer(), signer_kwargs=dict(key_derivation="hmac", digest_method=hashlib.sha1))
for what, made in {
    "another salt": URLSafeTimedSerializer(KEY, salt="remember-token", **session_kind),
    "another derivation": URLSafeTimedSerializer(KEY, salt="cookie-session"),
    "another digest": URLSafeTimedSerializer(KEY, salt="cookie-session", signer_kwargs=dict(key_derivation="hmac", digest_method=hashlib.sha256)),
    "without a time": URLSafeSerializer(KEY, salt="cookie-session", **session_kind),
}.items():
    add(what, made.dumps({"email": "ada@example.com"}), error="forged")
payload, stamp, signature = plain.split(".")
add("cut", plain[:-1], error="forged")
add("changed payload", payload[:-2] + "In." + stamp + "." + signature, error="forged")
add("changed time", payload + ".aGr_AA." + signature, error="forged")
add("signature in another spelling", plain[:-1] + chr(ord(plain[-1]) + 1), error="forged")
add("padded", plain + "=", error="forged")
add("without a signature", payload + "." + stamp + ".", error="forged")
add("too long", "A" * 5000 + "." + stamp + "." + signature, error="forged")
add("dots", "..", error="forged")
add("of the source document", "eyJlbWFpbCI6InRlc3RAZ21haWwuY29tIn0.aGr_AA.YPS7NYQnu1Iwb3x-zSAoGv_4SbA", error="forged")

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "vectors.json"), "w", encoding="utf-8") as f:
    json.dump(vectors, f, indent=1, ensure_ascii=False)
    f.write("\n")
