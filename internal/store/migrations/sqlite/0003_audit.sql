-- What happened to accounts and who did it, for as long as the operator keeps it.
-- A row outlives the person it is about.
CREATE TABLE audit (
    id         TEXT    NOT NULL PRIMARY KEY,
    at         INTEGER NOT NULL,
    event      TEXT    NOT NULL, -- registered, login, login_failed, …
    user_id    TEXT    NOT NULL, -- empty: an account that does not exist
    ip         TEXT    NOT NULL, -- empty: an operator's command
    request_id TEXT    NOT NULL  -- as in the log
) STRICT;

CREATE INDEX audit_of_user ON audit (user_id, at);
CREATE INDEX audit_by_time ON audit (at);
