#!/usr/bin/python3
"""Prints vectors.tsv: hashes by the libraries that Cardea takes users over from.

    apt-get install python3-werkzeug python3-passlib python3-bcrypt python3-django \\
        python3-argon2 python3-flask-bcrypt php-cli nodejs npm
    npm install --prefix /tmp/firebase firebase-scrypt@2.2.0
    NODE_PATH=/tmp/firebase/node_modules /usr/bin/python3 generate.py >vectors.tsv

Columns: format, library, password as a JSON string, hash. Salts are random, so each run
prints other hashes. Debian 12 has Werkzeug 2.2 and Django 3.2, which know no scrypt. For
these two, Python's own scrypt fills in the form that later versions store.
"""
import base64
import hashlib
import json
import secrets
import subprocess
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")

import argon2
import bcrypt
import django
import flask_bcrypt
import flask
import passlib.hash as ph
from django.conf import settings
from werkzeug.security import gen_salt, generate_password_hash

settings.configure()
django.setup()
from django.contrib.auth import hashers

LONG = "".join(chr(33 + i % 90) for i in range(200))
PLAIN = ["simplepass", "", "pässwörd 密码 🙂", " leading and trailing ", LONG[:71], LONG[:72], LONG[:73], LONG]
NUL = PLAIN + ["nul\0inside", "nul at the end\0"]
FEW = ["simplepass", "pässwörd 密码 🙂", LONG]


def out(format, library, password, stored):
    print(format, library, json.dumps(password), stored, sep="\t")


def python(name):
    return name + " " + version(name)


def werkzeug():
    name = python("Werkzeug")
    for method, passwords in [
        ("pbkdf2:sha256:1000", NUL), ("pbkdf2:sha1:1000", FEW), ("pbkdf2:sha512:1000", FEW),
        ("pbkdf2:sha256:1", FEW), ("pbkdf2:sha256", ["simplepass"]), ("pbkdf2:sha512:150000", ["simplepass"]),
    ]:
        for p in passwords:
            out("werkzeug-pbkdf2", name, p, generate_password_hash(p, method, salt_length=8))
    for method in ["sha256", "sha1", "md5", "sha512"]:
        for p in NUL:
            out("salted-digest", name, p, generate_password_hash(p, method))
    for n, r, p, passwords in [(1024, 8, 1, NUL), (16, 1, 1, FEW), (4096, 8, 3, FEW), (32768, 8, 1, ["simplepass"])]:
        for pw in passwords:
            salt = gen_salt(16)
            key = hashlib.scrypt(pw.encode(), salt=salt.encode(), n=n, r=r, p=p, maxmem=132 * n * r * p + 4096)
            out("werkzeug-scrypt", "hashlib in the form of Werkzeug 2.3", pw, f"scrypt:{n}:{r}:{p}${salt}${key.hex()}")


def bcrypts():
    name = python("bcrypt")
    for rounds, prefix, passwords in [(4, b"2b", PLAIN), (4, b"2a", FEW), (6, b"2b", FEW), (12, b"2b", ["simplepass"])]:
        for p in passwords:
            out("bcrypt", name, p, bcrypt.hashpw(p.encode(), bcrypt.gensalt(rounds, prefix)).decode())
    for p in PLAIN:
        script = "echo password_hash($argv[1], PASSWORD_BCRYPT, ['cost' => 5]);"
        php = subprocess.run(["php", "-r", script, "--", p], capture_output=True, text=True, check=True).stdout
        out("bcrypt", "PHP " + subprocess.check_output(["php", "-r", "echo PHP_VERSION;"], text=True), p, php)
    app = flask.Flask("vectors")
    app.config.update(BCRYPT_HANDLE_LONG_PASSWORDS=True, BCRYPT_LOG_ROUNDS=4)
    long = flask_bcrypt.Bcrypt(app)
    for p in filter(None, PLAIN):  # it refuses the empty one
        out("flask-bcrypt-long", python("Flask-Bcrypt"), p, "bcrypt-sha256-hex" + long.generate_password_hash(p).decode())


def passlibs():
    name = python("passlib")
    without_nul = [ph.sha256_crypt.using(rounds=1000), ph.sha256_crypt.using(rounds=5000), ph.sha256_crypt.using(rounds=1234, salt="a"),
                   ph.sha512_crypt.using(rounds=1000), ph.sha512_crypt.using(rounds=5000), ph.sha512_crypt.using(rounds=1234, salt="")]
    for h in without_nul:
        for p in PLAIN:
            out("sha-crypt", name, p, h.hash(p))
    out("sha-crypt", name, "simplepass", ph.sha256_crypt.hash("simplepass"))
    out("sha-crypt", name, "simplepass", ph.sha512_crypt.hash("simplepass"))
    for format, h, passwords in [
        ("passlib-pbkdf2", ph.pbkdf2_sha1.using(rounds=1000), FEW),
        ("passlib-pbkdf2", ph.pbkdf2_sha256.using(rounds=1000), NUL),
        ("passlib-pbkdf2", ph.pbkdf2_sha512.using(rounds=1000), FEW),
        ("passlib-pbkdf2", ph.pbkdf2_sha256.using(rounds=1, salt_size=0), FEW),
        ("passlib-pbkdf2", ph.pbkdf2_sha1, ["simplepass"]),
        ("passlib-pbkdf2", ph.pbkdf2_sha256, ["simplepass"]),
        ("passlib-pbkdf2", ph.pbkdf2_sha512, ["simplepass"]),
        ("passlib-scrypt", ph.scrypt.using(rounds=4), NUL),
        ("passlib-scrypt", ph.scrypt.using(rounds=10, block_size=4, parallelism=2), FEW),
        ("passlib-scrypt", ph.scrypt, ["simplepass"]),
        ("passlib-bcrypt-sha256", ph.bcrypt_sha256.using(rounds=4), NUL),
        ("passlib-bcrypt-sha256", ph.bcrypt_sha256.using(rounds=10), ["simplepass"]),
        ("passlib-bcrypt-sha256", ph.bcrypt_sha256.using(rounds=4, version=1), FEW),
        ("passlib-bcrypt-sha256", ph.bcrypt_sha256.using(rounds=4, version=1, ident="2a"), FEW),
        ("bcrypt", ph.bcrypt.using(rounds=4, ident="2y"), FEW),
        ("argon2", ph.argon2.using(type="I", rounds=1, memory_cost=8, parallelism=1), NUL),
        ("argon2", ph.argon2.using(type="D", rounds=1, memory_cost=8, parallelism=1), NUL),
        ("argon2", ph.argon2.using(type="ID", rounds=1, memory_cost=8, parallelism=1), NUL),
        ("argon2", ph.argon2.using(type="I", rounds=3, memory_cost=1111, parallelism=3), FEW),
        ("argon2", ph.argon2.using(type="D", rounds=3, memory_cost=1111, parallelism=3), FEW),
        ("argon2", ph.argon2.using(type="ID", rounds=3, memory_cost=1111, parallelism=3), FEW),
        ("argon2", ph.argon2.using(digest_size=64, salt_size=32, memory_cost=256), FEW),
        ("argon2", ph.argon2, ["simplepass"]),
    ]:
        for p in passwords:
            out(format, name, p, h.hash(p))
    for kind in argon2.Type:
        h = argon2.PasswordHasher(type=kind)
        out("argon2", python("argon2-cffi"), "simplepass", h.hash("simplepass"))


def djangos():
    name = "Django " + django.get_version()
    for format, h, passwords, extra in [
        ("django-pbkdf2", hashers.PBKDF2PasswordHasher(), NUL, {"iterations": 1000}),
        ("django-pbkdf2", hashers.PBKDF2SHA1PasswordHasher(), FEW, {"iterations": 1000}),
        ("django-pbkdf2", hashers.PBKDF2PasswordHasher(), ["simplepass"], {}),
        ("salted-digest", hashers.SHA1PasswordHasher(), NUL, {}),
        ("salted-digest", hashers.MD5PasswordHasher(), NUL, {}),
        ("django-argon2", hashers.Argon2PasswordHasher(), ["simplepass", LONG], {}),
    ]:
        for p in passwords:
            out(format, name, p, h.encode(p, h.salt(), **extra))
    for h, format, passwords in [(hashers.BCryptSHA256PasswordHasher(), "django-bcrypt-sha256", NUL),
                                 (hashers.BCryptPasswordHasher(), "django-bcrypt", PLAIN)]:
        h.rounds = 4
        for p in passwords:
            out(format, name, p, h.encode(p, h.salt()))
    # From Django's own tests (tests/auth_tests/test_hashers.py): before 5.0, and since.
    out("django-scrypt", "tests of Django 4.0", "lètmein", "scrypt$16384$seasalt$8$1$Qj3+9PPyRjSJIebHnG81TMjsqtaIGxNQG/aEB/NYafTJ7tibgfYz71m0ldQESkXFRkdVCBhhY8mx7rQwite/Pw==")
    out("django-scrypt", "tests of Django 5.1", "lètmein", "scrypt$16384$seasalt$8$5$ECMIUp+LMxMSK8xB/IVyba+KYGTI7FTnet025q/1f/vBAVnnP3hdYqJuRi+mJn6ji6ze3Fbb7JEFPKGpuEf5vw==")
    for p in NUL:
        salt = gen_salt(22)
        key = hashlib.scrypt(p.encode(), salt=salt.encode(), n=1024, r=8, p=2, maxmem=1 << 26)
        out("django-scrypt", "hashlib in the form of Django 4.0", p, f"scrypt$1024${salt}$8$2${base64.b64encode(key).decode()}")


FIREBASE = """
const { FirebaseScrypt } = require('firebase-scrypt');
const [password, salt, signerKey, saltSeparator, memCost, rounds] = JSON.parse(process.argv[1]);
new FirebaseScrypt({ signerKey, saltSeparator, memCost, rounds }).hash(password, salt).then((h) => console.log(h));
"""


def firebase():
    # Published in the README of https://github.com/firebase/scrypt.
    signer = "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=="
    out("firebase-scrypt", "README of firebase/scrypt", "user1password", "$firebase-scrypt$mem_cost=14,rounds=8$" + signer +
        "$Bw==$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==")
    for cost, passwords in [(10, NUL), (14, FEW)]:
        for p in filter(None, passwords):  # it refuses the empty one
            salt = base64.b64encode(secrets.token_bytes(10)).decode()
            arg = json.dumps([p, salt, signer, "Bw==", cost, 8])
            key = subprocess.run(["node", "-e", FIREBASE, arg], capture_output=True, text=True, check=True).stdout.strip()
            out("firebase-scrypt", "firebase-scrypt 2.2.0 (npm)", p, f"$firebase-scrypt$mem_cost={cost},rounds=8${signer}$Bw==${salt}${key}")


for part in [werkzeug, bcrypts, passlibs, djangos, firebase]:
    part()
