-- Times are microseconds since 1970-01-01 UTC.

CREATE TABLE users (
    id             TEXT    NOT NULL PRIMARY KEY,
    name           TEXT    NOT NULL,
    email          TEXT    NOT NULL, -- as typed
    email_key      TEXT    NOT NULL UNIQUE, -- as compared: NFC and case folding
    email_verified INTEGER NOT NULL DEFAULT 0,
    password_hash  TEXT    NOT NULL, -- a PHC string
    created_at     INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    id           TEXT    NOT NULL PRIMARY KEY, -- public: names the session to its owner
    token_hash   BLOB    NOT NULL UNIQUE, -- SHA-256 of the cookie's value
    user_id      TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at   INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    ip           TEXT    NOT NULL,
    user_agent   TEXT    NOT NULL
) STRICT;

CREATE INDEX sessions_of_user ON sessions (user_id);
CREATE INDEX sessions_by_last_seen ON sessions (last_seen_at);
CREATE INDEX sessions_by_creation ON sessions (created_at);

CREATE TABLE pictures (
    user_id      TEXT    NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    name         TEXT    NOT NULL, -- safe file name, the part of the address behind the id
    blob_key     TEXT    NOT NULL UNIQUE, -- where the bytes lie in the picture storage
    content_type TEXT    NOT NULL,
    version      TEXT    NOT NULL, -- of the content: ETag and the v= of addresses
    updated_at   INTEGER NOT NULL
) STRICT;

-- Stored picture files that no row of pictures names: about to be named, or no
-- longer. They are removed when remove_at has come.
CREATE TABLE orphans (
    blob_key  TEXT    NOT NULL PRIMARY KEY,
    remove_at INTEGER NOT NULL
) STRICT;

CREATE INDEX orphans_by_time ON orphans (remove_at);
