import argon2
from werkzeug.security import check_password_hash

argon2id = argon2.PasswordHasher()


def is_password(hashed, password):
    """Verifies Werkzeug's hashes, and the Argon2id hashes of users who come back from Cardea."""
    if not hashed.startswith("$argon2"):
        return check_password_hash(hashed, password)
    try:
        return argon2id.verify(hashed, password)
    except (argon2.exceptions.Argon2Error, argon2.exceptions.InvalidHash):
        return False
