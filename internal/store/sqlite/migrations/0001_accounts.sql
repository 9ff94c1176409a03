-- Times are microseconds since 1970-01-01 UTC.

CREATE TABLE users (
    id             TEXT    NOT NULL PRIMARY KEY,
    name           TEXT    NOT NULL,
    email          TEXT    NOT NULL, -- as typed
    email_key      TEXT    NOT NULL UNIQUE, -- as compared: NFC and case folding
    email_verified INTEGER NOT NULL DEFAULT 0,
    password_hash  TEXT    NOT NULL, -- a PHC string
    suspended_at   INTEGER, -- NULL: not suspended
    created_at     INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    id           TEXT    NOT NULL PRIMARY KEY, -- public: names the session to its owner
    token_hash   BLOB    NOT NULL UNIQUE, -- SHA-256 of the cookie's value
    user_id      TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at   INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    confirmed_at INTEGER NOT NULL, -- when the password was given last
    ip           TEXT    NOT NULL,
    user_agent   TEXT    NOT NULL
) STRICT;

CREATE INDEX sessions_of_user_by_last_seen ON sessions (user_id, last_seen_at);
CREATE INDEX sessions_by_last_seen ON sessions (last_seen_at);
CREATE INDEX sessions_by_creation ON sessions (created_at);

CREATE TABLE pictures (
    user_id       TEXT    NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    name          TEXT    NOT NULL, -- safe file name, the part of the address after the user's id
    blob_key      TEXT    NOT NULL UNIQUE, -- the file in the picture storage
    content_type  TEXT    NOT NULL,
    version       TEXT    NOT NULL, -- of the content: ETag and the v= of addresses
    crops_version TEXT    NOT NULL, -- of all crops together: the v= of their addresses; empty: no crops
    updated_at    INTEGER NOT NULL
) STRICT;

CREATE INDEX pictures_without_crops ON pictures (user_id) WHERE crops_version = '';

-- Square crops of pictures. Crops of one user may share a file with each other and
-- with the picture, because a small picture is not enlarged.
CREATE TABLE crops (
    user_id      TEXT    NOT NULL REFERENCES pictures (user_id) ON DELETE CASCADE,
    side         INTEGER NOT NULL, -- in pixels
    blob_key     TEXT    NOT NULL,
    content_type TEXT    NOT NULL,
    version      TEXT    NOT NULL, -- of the content: the ETag
    PRIMARY KEY (user_id, side)
) STRICT;

CREATE INDEX crops_by_file ON crops (blob_key);

-- The names that a user's picture had before. Their addresses lead to the picture of today.
CREATE TABLE old_picture_names (
    user_id     TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name        TEXT    NOT NULL,
    used_at     INTEGER NOT NULL, -- when the picture last got the name
    PRIMARY KEY (user_id, name)
) STRICT;

-- Picture files without a row in pictures or crops: not yet named, or replaced. The
-- sweep removes them when remove_at has passed.
CREATE TABLE orphans (
    blob_key  TEXT    NOT NULL PRIMARY KEY,
    remove_at INTEGER NOT NULL
) STRICT;

CREATE INDEX orphans_by_time ON orphans (remove_at);

-- What counts against a limit: wrong passwords, by account and network, and registrations
-- by network. An attempt has a row for each of its counters. Rows are kept for an hour, or
-- for the longest window of a limit.
CREATE TABLE attempts (
    id      TEXT    NOT NULL, -- of the attempt
    counter BLOB    NOT NULL, -- hashes of what is counted: no addresses of strangers are kept
    at      INTEGER NOT NULL,
    PRIMARY KEY (counter, at, id)
) STRICT;

CREATE INDEX attempts_by_time ON attempts (at);

-- Audit events, kept for as long as the operator sets. They outlive their user.
CREATE TABLE audit (
    id         TEXT    NOT NULL PRIMARY KEY,
    at         INTEGER NOT NULL,
    event      TEXT    NOT NULL, -- registered, login, login_failed, …
    user_id    TEXT    NOT NULL, -- empty: no such account
    ip         TEXT    NOT NULL, -- empty: an operator's command
    request_id TEXT    NOT NULL, -- as in the log
    count      INTEGER NOT NULL  -- how often it happened; the other columns are those of the latest
) STRICT;

CREATE INDEX audit_of_user ON audit (user_id, at);
CREATE INDEX audit_by_time ON audit (at);
