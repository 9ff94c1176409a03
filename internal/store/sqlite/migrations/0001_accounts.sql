-- Times are microseconds since 1970-01-01 UTC.

CREATE TABLE users (
    id             TEXT    NOT NULL PRIMARY KEY,
    name           TEXT    NOT NULL,
    email          TEXT    NOT NULL, -- as typed
    email_key      TEXT    NOT NULL UNIQUE, -- as compared: NFC and case folding
    email_verified INTEGER NOT NULL DEFAULT 0,
    language       TEXT    NOT NULL DEFAULT '', -- of mails and pages, a tag such as de; empty: not known
    password_hash  TEXT    NOT NULL, -- a PHC string
    suspended_at   INTEGER, -- NULL: not suspended
    flask_from     INTEGER, -- only Flask cookies that were issued later are taken; NULL: any
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

-- Cookies of a Flask app that were taken in exchange for a session, or with which a user has
-- signed out. None of them is taken again.
CREATE TABLE flask_cookies (
    hash       BLOB    NOT NULL PRIMARY KEY, -- SHA-256 of what the cookie's signature covers
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX flask_cookies_by_expiry ON flask_cookies (expires_at);

-- Moments that concern the whole server.
CREATE TABLE marks (
    name TEXT    NOT NULL PRIMARY KEY, -- flask_since: the first start with keys; flask_from: as in users, for all
    at   INTEGER NOT NULL
) STRICT;

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

-- What is confirmed through a mailbox: a link, a code, or both were sent to an address.
-- A row goes when it is used, replaced by a newer one, or expired.
CREATE TABLE challenges (
    id           TEXT    NOT NULL PRIMARY KEY,
    purpose      TEXT    NOT NULL, -- verify, reset, change, login or undo
    user_id      TEXT    NOT NULL, -- no reference: for an unknown address, a decoy without a user takes as long
    email        TEXT    NOT NULL, -- what is confirmed, as typed; undo: the address to go back to
    email_key    TEXT    NOT NULL, -- undo: that address in the form that is compared; nobody else may have it
    token_hash   BLOB    NOT NULL UNIQUE, -- SHA-256 of the token in the link
    code_mac     BLOB    NOT NULL, -- HMAC of id and code; empty: there is no code
    browser_hash BLOB    NOT NULL, -- SHA-256 of the cookie of the browser that asked; empty: no browser
    state        BLOB    NOT NULL, -- SHA-256 of the password hash and address that the user had; empty: any
    attempts     INTEGER NOT NULL, -- at the code
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT;

CREATE INDEX challenges_of_user ON challenges (user_id, purpose);
CREATE INDEX challenges_of_browser ON challenges (browser_hash, purpose);
CREATE INDEX challenges_by_expiry ON challenges (expires_at);
CREATE INDEX challenges_to_undo ON challenges (email_key) WHERE email_key <> '';

-- Mail that is to be sent. A row goes when the mail server has taken the message.
CREATE TABLE outbox (
    id         TEXT    NOT NULL PRIMARY KEY, -- the Message-ID is made of it, so a second delivery has the same
    user_id    TEXT    NOT NULL, -- whose message it is, which goes with the user; empty: nobody's
    recipient  TEXT    NOT NULL,
    kind       TEXT    NOT NULL, -- which message it is
    sealed     BLOB    NOT NULL, -- the rest, encrypted: it has links and codes
    attempts   INTEGER NOT NULL,
    error      TEXT    NOT NULL, -- of the last attempt
    created_at INTEGER NOT NULL,
    send_at    INTEGER NOT NULL, -- the next attempt; while leased, when the lease ends
    leased     INTEGER NOT NULL DEFAULT 0, -- a server is sending it
    expires_at INTEGER NOT NULL, -- when it is given up
    gave_up    INTEGER NOT NULL DEFAULT 0 -- it will not be sent; kept for operators until it expires
) STRICT;

CREATE INDEX outbox_due ON outbox (send_at) WHERE gave_up = 0;
CREATE INDEX outbox_leased ON outbox (send_at) WHERE leased = 1;
CREATE INDEX outbox_of_user ON outbox (user_id);
CREATE INDEX outbox_of_recipient ON outbox (recipient, kind);
CREATE INDEX outbox_by_expiry ON outbox (expires_at);
CREATE INDEX outbox_by_creation ON outbox (created_at);

-- Users who were brought in from elsewhere. A row stays when the user is deleted, so that the
-- user is not brought in again.
CREATE TABLE imports (
    key             BLOB    NOT NULL PRIMARY KEY, -- SHA-256 of the source and of the id there
    source          BLOB    NOT NULL, -- SHA-256 of the name of the source
    email_hash      BLOB    UNIQUE, -- SHA-256 of the source and of the exact address there; NULL: nobody's any more
    id_refused      INTEGER NOT NULL DEFAULT 0, -- 1: somebody else may have the id there, so no Flask cookie names the user by it
    user_id         TEXT    NOT NULL, -- no reference: see above
    run             TEXT    NOT NULL, -- the last import that met the user there
    name            BLOB    NOT NULL, -- SHA-256 of the name as brought in
    email           BLOB    NOT NULL, -- SHA-256 of the address as brought in
    password        BLOB    NOT NULL, -- SHA-256 of the password hash as brought in
    password_here   BLOB    NOT NULL, -- the same of the hash that a sign-in made of it
    is_suspended    INTEGER NOT NULL, -- the import suspended the user
    picture_hash    BLOB    NOT NULL, -- SHA-256 of the picture's file there; empty: none
    picture_version TEXT    NOT NULL  -- of the picture as brought in; empty: none
) STRICT;

CREATE INDEX imports_of_user ON imports (user_id);
