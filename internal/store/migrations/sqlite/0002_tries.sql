-- What counts against a limit: tries at passwords, by account, address or device,
-- and registrations by address. Removed when it has succeeded or is an hour old.
CREATE TABLE tries (
    id      TEXT    NOT NULL PRIMARY KEY,
    counter BLOB    NOT NULL, -- SHA-256 of what is counted, so that no strangers' addresses are kept
    at      INTEGER NOT NULL
) STRICT;

CREATE INDEX tries_of_counter ON tries (counter, at);
CREATE INDEX tries_by_time ON tries (at);
